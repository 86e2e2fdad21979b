"""What clients read: status texts as scripts of the official page compare them, and the labels of our page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]

# Name of a step or page -> Chinese, English.
NAMES: Mapping[str, tuple[str, str]] = {
    "slice": ("语音切分", "Speech Slicing"),
    "denoise": ("语音降噪", "Speech Denoising"),
    "asr": ("语音识别", "Speech Recognition"),
    "1a": ("文本分词与特征提取", "Tokenization & BERT Feature Extraction"),
    "1b": ("语音自监督特征提取", "Speech SSL Feature Extraction"),
    "1c": ("语义Token提取", "Semantics Token Extraction"),
    "1abc": ("训练集格式化一键三连", "Training Set One-Click Formatting"),
    "1Ba": ("SoVITS训练", "SoVITS Training"),
    "1Bb": ("GPT训练", "GPT Training"),
    "label": ("音频标注WebUI", "Audio Labeling WebUI"),
    "uvr5": ("人声分离WebUI", "Vocal Separation WebUI"),
    "tts": ("TTS推理WebUI", "TTS Inference WebUI"),
}
# State -> what follows the name.
_STATES: Mapping[str, tuple[str, str]] = {
    "opened": ("已开启", " is Opened"),
    "running": ("运行中", " Running"),
    "finished": ("已完成", " Finished"),
    "failed": ("失败", " Failed"),
    "closed": ("已关闭", " is Closed"),
    "busy": ("占用中,需先终止才能开启下一次任务", " Occupying,Please Terminate First to Start Next Task"),
}
_ACTIONS: Mapping[str, tuple[str, str]] = {"open": ("开启", "Open "), "close": ("关闭", "Close ")}
_TEXTS: Mapping[str, tuple[str, str]] = {
    "input_missing": ("输入路径不存在", "Input Path Not Found"),
    "progress": ("进度", "Progress"),
    "base_model": ("不训练直接推{version}底模！", "Use {version} base model directly without training!"),
    # --- the page ---
    "title": ("GPT-SoVITS 语音训练与合成", "GPT-SoVITS: training and speech"),
    "intro": (
        "从左到右、自上而下依次完成各步。任务在语音服务中运行，关闭本页不会中断。[管理页面]({address})",
        "Go through the steps in order. The work runs in the voice service and goes on when this page is closed. "
        "[Admin page]({address})",
    ),
    "dataset_tab": ("0 准备数据集", "0 Dataset"),
    "training_tab": ("1 训练与推理", "1 Training and speech"),
    "separate_box": ("0a 人声与伴奏分离", "0a Vocals and accompaniment"),
    "slice_box": ("0b 切分长录音", "0b Cut long recordings"),
    "denoise_box": ("0bb 降噪（可跳过）", "0bb Remove noise (optional)"),
    "asr_box": ("0c 自动转写", "0c Transcribe"),
    "label_box": ("0d 校对转写", "0d Proofread"),
    "model_box": ("模型与版本", "Model and version"),
    "base_box": ("底模路径", "Published weights to start from"),
    "format_tab": ("1A 提取特征", "1A Features"),
    "train_tab": ("1B 微调", "1B Train"),
    "speak_tab": ("1C 推理", "1C Speak"),
    "status": ("状态", "Status"),
    "jobs": ("运行中的任务", "Running work"),
    "idle": ("没有任务在运行。", "Nothing is running."),
    "speech_cut_off": (
        "语音服务中断：{reason}。它会自动重新启动，请稍后再试。",
        "The voice service was cut off: {reason}. It starts again by itself; try again in a moment.",
    ),
    "unreachable": ("无法连接语音服务：{reason}", "The voice service cannot be reached: {reason}"),
    "input_path": ("输入：文件或文件夹", "Input: a file or a folder"),
    "input_folder": ("输入文件夹", "Input folder"),
    "output_folder": ("输出文件夹", "Output folder"),
    "threshold": ("静音阈值 (dB)", "Silence below (dB)"),
    "min_length": ("每段最短 (ms)", "Shortest piece (ms)"),
    "min_interval": ("静音最短 (ms)", "Shortest silence (ms)"),
    "hop_size": ("音量步长 (ms)", "Step of the level (ms)"),
    "max_sil_kept": ("保留静音 (ms)", "Silence kept (ms)"),
    "loudness": ("归一化峰值", "Peak after normalisation"),
    "alpha": ("归一化混合比例", "Share of the normalised sound"),
    "processes": ("并行数", "Processes"),
    "asr_model": ("识别模型", "Recogniser"),
    "asr_size": ("模型尺寸", "Size"),
    "language": ("语种", "Language"),
    "precision": ("精度", "Precision"),
    "list_file": ("标注文件 (.list)", "List file (.list)"),
    "exp_name": ("实验名（模型名）", "Name of the model"),
    "version": ("模型版本", "Version"),
    "s2g": ("SoVITS-G 底模", "SoVITS-G weights"),
    "s2d": ("SoVITS-D 底模", "SoVITS-D weights"),
    "s1": ("GPT 底模", "GPT weights"),
    "wav_dir": ("训练音频文件夹", "Folder of the recordings"),
    "devices": ("设备号", "Devices"),
    "bert": ("RoBERTa 文件夹", "RoBERTa folder"),
    "hubert": ("HuBERT 文件夹", "HuBERT folder"),
    "batch_size": ("批大小", "Batch size"),
    "epochs": ("训练轮数", "Epochs"),
    "save_every": ("每几轮保存", "Save every … epochs"),
    "text_rate": ("文本模块学习率比例", "Learning rate of the text part"),
    "save_latest": ("只保留最新的断点", "Keep only the newest checkpoint"),
    "save_weights": ("每次保存时导出权重", "Write weights at every save"),
    "grad_ckpt": ("梯度检查点（省内存）", "Gradient checkpointing (less memory)"),
    "lora_rank": ("LoRA 秩", "LoRA rank"),
    "dpo": ("DPO（实验性）", "DPO (experimental)"),
    "gpt_weights": ("GPT 权重", "GPT weights"),
    "sovits_weights": ("SoVITS 权重", "SoVITS weights"),
    "refresh": ("刷新权重列表", "Refresh the lists"),
    "batched": ("并行推理页面", "Page with parallel inference"),
    "open_page": ("打开：{address}", "Open: {address}"),
    "reference": ("参考音频（3–10 秒）", "Reference audio (3 to 10 s)"),
    "more_references": ("更多参考音频（可选）", "More reference audio (optional)"),
    "prompt_text": ("参考音频的文本", "What is said in it"),
    "prompt_language": ("参考音频的语种", "Its language"),
    "ref_free": ("不使用参考文本", "Without the reference's text"),
    "text": ("要合成的文本", "Text to speak"),
    "text_language": ("文本的语种", "Language of the text"),
    "cut": ("切分方式", "How to cut the text"),
    "speed": ("语速", "Speed"),
    "pause": ("句间停顿（秒）", "Pause (s)"),
    "freeze": ("沿用上次的随机种子", "Same random numbers as last time"),
    "steps": ("采样步数", "Sampling steps"),
    "super_sampling": ("超分到 48 kHz (v3)", "Raise to 48 kHz (v3)"),
    "speak": ("合成", "Speak"),
    "stop": ("停止", "Stop"),
    "stopped": ("已停止", "Stopped"),
    "speech": ("合成结果", "Speech"),
    "seed": ("随机种子", "Seed"),
    "random_seed": ("每次随机", "New seed each time"),
    "loading": ("正在加载权重，请稍候", "Loading weights, please wait"),
    "no_reference": ("请先上传参考音频", "Upload a reference audio first"),
    "no_text": ("请先填写文本", "Write a text first"),
    "label_title": ("校对转写", "Proofread the transcripts"),
    "load": ("读取", "Load"),
    "save": ("保存", "Save"),
    "saved": ("已保存 {rows} 行", "{rows} rows saved"),
    "columns": ("每行应有四列：{columns}", "A row has four columns: {columns}"),
    "loaded": ("已读取 {rows} 行", "{rows} rows loaded"),
    "listen": ("试听", "Listen"),
    "uvr5_title": ("人声与伴奏分离", "Vocals and accompaniment"),
    "uvr5_model": ("模型", "Model"),
    "vocal_folder": ("人声输出文件夹", "Folder of the vocals"),
    "instrument_folder": ("伴奏输出文件夹", "Folder of the rest"),
    "aggressiveness": ("分离强度", "Strength"),
    "format": ("输出格式", "Format"),
    "convert": ("开始分离", "Separate"),
    "log_in": ("输入任意用户名，密码为服务的 API 密钥", "Any user name; the password is an API key of the service"),
}


@dataclass(frozen=True)
class Words:
    """Texts in one language."""

    language: Language

    def _of(self, pair: tuple[str, str]) -> str:
        return pair[0 if self.language == "zh" else 1]

    def name(self, step: str) -> str:
        """Return what a step or page is called."""
        return self._of(NAMES[step])

    def state(self, step: str, state: str) -> str:
        """Return a status text, such as 语音切分已开启; states: opened, running, finished, failed, closed, busy."""
        return self.name(step) + self._of(_STATES[state])

    def action(self, step: str, action: Literal["open", "close"]) -> str:
        """Return the label of a button."""
        return self._of(_ACTIONS[action]) + self.name(step)

    def text(self, key: str, **values: object) -> str:
        """Return any other text."""
        return self._of(_TEXTS[key]).format(**values)


def language_of_system() -> Language:
    """Return Chinese where the system's locale is Chinese, else English."""
    named = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh" if named.lower().startswith("zh") else "en"
