"""``.list`` files: what is said in each recording. Needs no network, so a page may edit and check them too."""
