"""gRPC statuses as errors, and the messages that carry them."""

from __future__ import annotations

import grpc
import pytest
from agentd_google.recognisers import V1, V2
from agentd_google.status import MOST_DETAIL, Closed, Refused, failure
from google.cloud import speech_v1, speech_v2

from agentd.errors import EngineError


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_every_status_has_words(code: grpc.StatusCode) -> None:
    error = failure(code, "why\n so")
    assert str(error).startswith("google: Google ")
    assert f"({code.name}: why so)" in str(error)


def test_long_details_are_cut() -> None:
    assert len(str(failure(grpc.StatusCode.INTERNAL, "x" * 10_000))) < MOST_DETAIL + 100
    assert str(failure(grpc.StatusCode.INTERNAL, None)).endswith("failed (INTERNAL)")


def test_a_refusal_keeps_googles_words_and_the_five_minutes_are_no_failure() -> None:
    refused = failure(grpc.StatusCode.INVALID_ARGUMENT, "bad model")
    assert isinstance(refused, Refused)
    assert (refused.details, refused.retryable) == ("bad model", False)
    assert isinstance(failure(grpc.StatusCode.OUT_OF_RANGE, "305 seconds"), Closed)
    assert isinstance(failure(grpc.StatusCode.ABORTED, "Max duration of 5 minutes reached"), Closed)


def test_a_key_that_gives_no_token_is_not_tried_again() -> None:
    said = "Getting metadata from plugin failed with error: ('invalid_grant: Invalid JWT Signature.', {})"
    error = failure(grpc.StatusCode.UNAVAILABLE, said)
    assert not error.retryable
    assert "no token for the service account's key" in str(error)


def test_a_status_inside_a_message_is_an_error() -> None:
    message = speech_v1.StreamingRecognizeResponse(error={"code": 11, "message": "Audio Timeout Error"})
    with pytest.raises(Closed, match="Audio Timeout"):
        V1().results(message)
    with pytest.raises(EngineError, match="UNKNOWN"):
        V1().results(speech_v1.StreamingRecognizeResponse(error={"code": 999, "message": "?"}))


def test_the_stable_and_the_unstable_part_are_one_partial() -> None:
    message = speech_v2.StreamingRecognizeResponse(
        results=[
            {"alternatives": [{"transcript": " to  be "}], "result_end_offset": "2.5s"},
            {"alternatives": [{"transcript": " or not"}], "result_end_offset": "3.1s"},
        ]
    )
    (result,) = V2("r").results(message)
    assert (result.text, result.final, result.end_ms) == ("to be or not", False, 3100)


def test_impossible_times_are_no_offset() -> None:
    message = speech_v1.StreamingRecognizeResponse(results=[{"alternatives": [{"transcript": "x"}], "is_final": True}])
    type(message).pb(message).results[0].result_end_time.seconds = -(2**62)
    (result,) = V1().results(message)
    assert result.end_ms == 0
