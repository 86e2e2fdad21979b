"""Routes of voices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi import Path as PathField
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as AnyUpload
from starlette.responses import Response

from service.errors import ParameterError
from service.http.dependencies import provided
from service.http.envelope import Envelope, Removed, failures, success
from service.http.json_routes import JsonRoute
from service.http.paging import Page, Paging
from service.http.urls import RequestUrls
from service.threads import writing
from service.voices.clips import Cut, verdict
from service.voices.records import TEXT_LENGTH, Files, Upload
from service.voices.schemas import (
    AuxiliaryClip,
    CategoryChoice,
    ReferenceReport,
    VoiceChange,
    VoiceRecord,
    auxiliary_clips,
    record,
    separated,
)
from service.voices.service import Voices

router = APIRouter(prefix="/voice-models", tags=["voices"], route_class=JsonRoute)
Service = Annotated[Voices, Depends(provided(Voices))]
ModelId = Annotated[str, PathField(description="Id of the voice.", examples=["narrator"])]
_ZIP = "application/zip"


def _upload(field: str, file: AnyUpload | None) -> Upload | None:
    # A browser sends an empty file of no name for a field that was left empty.
    return None if file is None or (not file.filename and not file.size) else Upload(field, file.file)


Start = Annotated[float | None, Form(ge=0, description="Second at which the clip begins within refer_wav.")]
End = Annotated[float | None, Form(gt=0, description="Second at which it ends.")]


def _cut(upload: Upload | None, start: float | None, end: float | None) -> Upload | None:
    cut = Cut.of(start, end)
    return upload if upload is None or cut is None else replace(upload, cut=(cut.start, cut.end))


def _uploads(field: str, files: list[Any]) -> tuple[Upload, ...] | None:
    return tuple(found for file in files if (found := _upload(field, file))) or None


@router.post("", summary="Make a voice", responses=failures(400, 409, 413, 507))
def create_voice(
    service: Service,
    urls: RequestUrls,
    model_name: Annotated[str, Form(description="What people call it, 1 to 100 characters.")],
    model_id: Annotated[str, Form(description="1 to 64 of the characters A-Z a-z 0-9 _ -.")],
    gender: Annotated[int, Form(description="1 male, 2 female.")],
    refer_wav: Annotated[UploadFile, File(description="Reference audio, 3 to 10 s, any common format.")],
    avatar: Annotated[
        UploadFile | None, File(description="Picture: PNG, JPEG, WebP, GIF, BMP or AVIF; may be absent.")
    ] = None,
    prompt_text: Annotated[str, Form(description="What is said in it.")] = "",
    prompt_language: Annotated[str, Form(description="Name or code of that language.")] = "all_zh",
    categories: Annotated[list[str] | None, Form(description="Ids, repeated or comma-separated.")] = None,
    description: Annotated[str, Form(description="Any text, up to 2000 characters.")] = "",
    gpt_model_path: Annotated[str, Form(description="GPT weights of its own.")] = "",
    sovits_model_path: Annotated[str, Form(description="SoVITS weights of its own.")] = "",
    aux_refer_wavs: Annotated[list[UploadFile] | None, File(description="More clips of the voice.")] = None,
    refer_start: Start = None,
    refer_end: End = None,
) -> Envelope[VoiceRecord]:
    """Make a voice from a reference clip, with a picture or without; either everything is stored or nothing.

    With `refer_start` and `refer_end` the clip is cut out of a longer recording, at the recording's own quality.
    """
    fields = {
        "model_name": model_name,
        "gender": gender,
        "prompt_text": prompt_text,
        "prompt_language": prompt_language,
        "description": description,
        "gpt_path": gpt_model_path or None,
        "sovits_path": sovits_model_path or None,
    }
    files = Files(
        _upload("avatar", avatar),
        _cut(_upload("refer_wav", refer_wav), refer_start, refer_end),
        _uploads("aux_refer_wavs", aux_refer_wavs or []),
    )
    if files.reference is None:
        raise ParameterError("reference_needed")
    return success(record(service.store.create(model_id, fields, files, separated(categories or [])), urls))


@router.post("/check", summary="Judge a clip", responses=failures(400, 413, 507))
def check_clip(
    service: Service,
    refer_wav: Annotated[UploadFile, File(description="A recording, any common format.")],
    refer_start: Start = None,
    refer_end: End = None,
    prompt_text: Annotated[str, Form(max_length=TEXT_LENGTH, description="What is said in it.")] = "",
) -> Envelope[ReferenceReport]:
    """Return the verdict on a clip, or on a part of a recording, as a reference; nothing is stored.

    The verdict is about the bytes that are sent: what a program has resampled before cannot be seen any more.
    """
    upload = _cut(_upload("refer_wav", refer_wav), refer_start, refer_end)
    if upload is None:
        raise ParameterError("reference_needed")
    return success(ReferenceReport(**verdict(service.store.judge(upload), prompt_text)))


@router.get("", summary="List voices", responses=failures())
def list_voices(
    service: Service,
    urls: RequestUrls,
    paging: Paging,
    name: Annotated[str, Query(max_length=200, description="Part of the name, in any case.")] = "",
    category: Annotated[str, Query(max_length=200, description="Id or name of a category.")] = "",
) -> Envelope[Page[VoiceRecord]]:
    """Return one page of the voices, newest first."""
    voices, total = service.store.page(paging.offset, paging.page_size, name, category)
    return success(paging.of([record(voice, urls) for voice in voices], total))


@router.post(
    "/import",
    summary="Import a voice",
    responses=failures(400, 409, 413, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                _ZIP: {"schema": {"type": "string", "format": "binary"}},
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
                },
            },
        }
    },
)
async def import_voice(
    request: Request,
    service: Service,
    urls: RequestUrls,
    model_id: Annotated[str | None, Query(description="Id here; default: the one in the archive.")] = None,
) -> Envelope[VoiceRecord]:
    """Make a voice from a zip file that an export gave, as the body itself or as the field ``file`` of a form."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=8) as form:
            upload = form.get("file")
            if not isinstance(upload, AnyUpload):
                raise ParameterError("form_without_file")
            voice = await writing(service.imported, upload.file, model_id)
    else:
        voice = await writing(service.imported_bytes, await request.body(), model_id)
    return success(record(voice, urls))


@router.get("/{model_id}", summary="One voice", responses=failures(404))
def get_voice(model_id: ModelId, service: Service, urls: RequestUrls) -> Envelope[VoiceRecord]:
    """Return a voice."""
    return success(record(service.store.find(model_id), urls))


@router.get("/{model_id}/clips", summary="A voice's auxiliary clips", responses=failures(404))
def list_clips(model_id: ModelId, service: Service, urls: RequestUrls) -> Envelope[list[AuxiliaryClip]]:
    """Return the auxiliary clips of a voice, in order, each with the verdict on it."""
    return success(auxiliary_clips(model_id, service.clips(model_id), urls))


@router.get(
    "/{model_id}/export",
    summary="Export a voice",
    response_class=Response,
    responses={**failures(404), 200: {"content": {_ZIP: {}}, "description": "The voice as a zip file."}},
)
def export_voice(model_id: ModelId, service: Service) -> Response:
    """Return the voice as one zip file."""
    content = service.exported(model_id)
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(model_id)}.zip"}
    return Response(content, media_type=_ZIP, headers=headers)


@dataclass(frozen=True)
class _Change:
    change: VoiceChange
    files: Files


async def _change(request: Request) -> AsyncIterator[_Change]:
    """Read a change from JSON or from a form, which may bring files."""
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            yield _Change(VoiceChange.model_validate_json(await request.body()), Files())
            return
        async with request.form(max_files=32, max_fields=200) as form:
            change = VoiceChange.model_validate(_fields(form))
            files = Files(
                _upload("avatar", _file(form, "avatar")),
                _cut(_upload("refer_wav", _file(form, "refer_wav")), change.refer_start, change.refer_end),
                _uploads(
                    "aux_refer_wavs", [each for each in form.getlist("aux_refer_wavs") if not isinstance(each, str)]
                ),
            )
            if str(form.get("clear_aux_refer_wavs", "")).lower() in ("1", "true", "yes"):
                files = Files(files.avatar, files.reference, files.auxiliary or ())
            yield _Change(change, files)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_context=False)) from None


def _fields(form: FormData) -> dict[str, Any]:
    names = set(VoiceChange.model_fields) - {"categories", "keep_aux_refer_wavs"}
    found: dict[str, Any] = {name: form[name] for name in names if isinstance(form.get(name), str)}
    if "categories" in form:
        found["categories"] = separated(str(each) for each in form.getlist("categories"))
    if "keep_aux_refer_wavs" in form:
        found["keep_aux_refer_wavs"] = [str(each) for each in form.getlist("keep_aux_refer_wavs") if each]
    return found


def _file(form: FormData, name: str) -> AnyUpload | None:
    found = form.get(name)
    return found if isinstance(found, AnyUpload) else None


_PATCH_FORM = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in VoiceChange.model_fields},
        "categories": {"type": "array", "items": {"type": "string"}},
        "keep_aux_refer_wavs": {"type": "array", "items": {"type": "string"}},
        "avatar": {"type": "string", "format": "binary"},
        "refer_wav": {"type": "string", "format": "binary"},
        "aux_refer_wavs": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "clear_aux_refer_wavs": {"type": "boolean", "description": "Take all auxiliary clips away."},
    },
}


@router.patch(
    "/{model_id}",
    summary="Change a voice",
    responses=failures(400, 404, 413, 507),
    openapi_extra={
        "requestBody": {
            "content": {
                "application/json": {"schema": VoiceChange.model_json_schema()},
                "multipart/form-data": {"schema": _PATCH_FORM},
            }
        }
    },
)
def change_voice(
    model_id: ModelId, service: Service, urls: RequestUrls, change: Annotated[_Change, Depends(_change)]
) -> Envelope[VoiceRecord]:
    """Change any field (JSON or form) or file (form); all of it or nothing.

    Auxiliary clips that are sent replace those that are there, except what ``keep_aux_refer_wavs`` names.
    """
    given = change.change
    voice = service.change(model_id, given.fields(), change.files, given.categories, given.keep_aux_refer_wavs)
    return success(record(voice, urls))


@router.delete("/{model_id}", summary="Remove a voice", responses=failures(404, 409))
def remove_voice(
    model_id: ModelId,
    service: Service,
    force: Annotated[bool, Query(description="Also while tasks that wait or run use it.")] = False,
) -> Envelope[Removed]:
    """Remove a voice with its folder."""
    service.store.remove(model_id, force=force)
    return success(Removed())


@router.post("/{model_id}/categories", summary="Set a voice's categories", responses=failures(400, 404))
def set_categories(
    model_id: ModelId, choice: CategoryChoice, service: Service, urls: RequestUrls
) -> Envelope[VoiceRecord]:
    """Put a voice into these categories and no others."""
    return success(record(service.store.set_categories(model_id, separated(choice.categories)), urls))
