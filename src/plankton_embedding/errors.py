"""Errors that a user can cause and mend: their messages say what is wrong and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class UserError(ValueError):
    """Base of all such errors; `kedro run` shows the message without a traceback."""


def find_user_error(error: BaseException | None) -> UserError | None:
    """Return the user error that an error is, or was raised from, or None."""
    while error is not None and not isinstance(error, UserError):
        error = error.__cause__
    return error


def first_mistake(error: ValidationError) -> str:
    """Return the first field of a file that is wrong, and why."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
