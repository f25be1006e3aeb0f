"""An export of EcoTaxa: images, and tables of objects that name, classify and measure them.

See https://ecotaxa.obs-vlfr.fr; the tables are those of its import and its "general" export.
"""

from __future__ import annotations

import posixpath

import numpy as np
import pandas as pd

from plankton_embedding.images.found_files import FoundFile, find_files
from plankton_embedding.images.image_table import NAMED_TWICE, unique_ids
from plankton_embedding.images.rejects import NOT_VALIDATED
from plankton_embedding.images.source import (
    SOURCE_COLUMNS,
    ImageSource,
    ImageSourceError,
    Location,
    as_text,
)
from plankton_embedding.images.text_tables import as_numbers, keep_apart, read_table
from plankton_embedding.parameters import SourceOptions

CATEGORY, STATUS = "object_annotation_category", "object_annotation_status"
FILE_NAME, OBJECT = "img_file_name", "object_id"
VALIDATED = "validated"
_NUMBER = "[f]"
_TYPES = {"[t]", _NUMBER}


def find_object_tables(location: Location, files: list[FoundFile]) -> list[FoundFile]:
    """Return the tables of objects, by their names and first lines."""
    tables = [file for file in files if file.name.lower().endswith((".tsv", ".txt"))]
    return [file for file in tables if _is_object_table(location, file)]


def list_ecotaxa(location: Location, options: SourceOptions, *, labelled: bool) -> ImageSource:
    """List the images of an export.

    Every image and every row of a table is listed, with the reason if it cannot be used. An object
    of several images keeps all of them.

    Parameters
    ----------
    location
        A folder or a zip; tables lie anywhere in it, and name images from their own folder.
    options
        ``validated_only``: images whose class nobody has confirmed are left out, with a reason.
    labelled
        Whether images must have a class; if not, ``validated_only`` says nothing, and images
        that no table names are images like others.

    Raises
    ------
    ImageSourceError
        If there is no table of objects, or one lacks a column.
    """
    found = find_files(location)
    tables = find_object_tables(location, found.files)
    if not tables:
        raise ImageSourceError(
            f"{location} holds no table of EcoTaxa: a .tsv file with the columns {OBJECT}, "
            f"{FILE_NAME} and {CATEGORY}. Set source.kind if it is something else."
        )
    # The columns of labels: is it needed, if images are labelled?
    needed = {CATEGORY: labelled, STATUS: labelled and options.validated_only}
    read = [_read(location, file, needed) for file in tables]
    rows = pd.concat([table for table, _ in read], ignore_index=True).fillna("")
    types = {name: kind for _, known in read for name, kind in known.items()}
    for name in rows.columns.difference(["name", "table", OBJECT, CATEGORY, STATUS, FILE_NAME]):
        # Over all tables: one may have no value where another has.
        if types.get(name) == _NUMBER or (name not in types and _looks_measured(rows[name])):
            rows[name] = as_numbers(rows[name])
    files = _join(rows, {file.name: file for file in found.files}, needed)
    unnamed = _unnamed(found.files, rows, tables, "in no table of the export" if labelled else "")
    files = pd.concat([files, unnamed], ignore_index=True)
    extra = [name for name in files if name not in SOURCE_COLUMNS]
    files = files.astype(SOURCE_COLUMNS)[[*SOURCE_COLUMNS, *extra]]
    names = set(files.loc[files["reason"] == "", "class_name"]) - {""}
    return ImageSource(
        location, tuple(sorted(names)), files.sort_values("image_id", ignore_index=True)
    )


def _is_object_table(location: Location, file: FoundFile) -> bool:
    with location.filesystem.open(file.path, "rb") as opened:
        header = opened.readline(65536).decode("latin-1")
    return {OBJECT, FILE_NAME} <= {name.strip().strip('"') for name in header.split("\t")}


def _looks_measured(values: pd.Series) -> bool:
    """Return whether text may be numbers: identifiers, dates and times are not."""
    named = str(values.name).endswith(("id", "date", "time", "status", "rank"))
    return not named and not bool(values.str.match(r"[+-]?0\d").any())


def _read(
    location: Location, file: FoundFile, needed: dict[str, bool]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a table of objects, and the types of its columns if it says them."""
    table = read_table(location.filesystem, file.path)
    types: dict[str, str] = {}
    if len(table) and set(table.iloc[0]) <= _TYPES:
        types = dict(zip(table.columns, table.iloc[0], strict=True))
        table = table.iloc[1:]
    for name, is_needed in needed.items():
        if is_needed and name not in table:
            advice = " Or set source.validated_only to false." if name == STATUS else ""
            raise ImageSourceError(
                f"the table {file.name} of {location} has no column {name}: export it again with "
                f"annotations.{advice}"
            )
    if CATEGORY not in table:
        table = table.assign(**{CATEGORY: ""})
    folder = "/".join(file.parts[:-1])
    named = table[FILE_NAME].str.strip().str.replace("\\", "/")
    places = [posixpath.normpath(posixpath.join(folder, name)) if name else "" for name in named]
    return table.assign(name=places, table=file.name), types


def _join(rows: pd.DataFrame, files: dict[str, FoundFile], needed: dict[str, bool]) -> pd.DataFrame:
    names = rows["name"]
    # Of a name that was not found nothing is opened: it might lead anywhere.
    paths = [files[name].path if name in files else "" for name in names]
    category = rows[CATEGORY].astype("str").str.strip()
    reason = pd.Series("", index=rows.index)
    if needed[STATUS]:
        status = rows[STATUS].astype("str").str.strip().str.lower()
        unsure = status != VALIDATED
        reason[unsure] = f"{NOT_VALIDATED}: " + status[unsure].replace("", "no status")
    if needed[CATEGORY]:
        reason[category.isin(["", "nan"])] = "no category"
    reason[names.duplicated()] = NAMED_TWICE
    missing = ~names.isin(list(files))
    reason[missing] = "not in the export: named in " + rows.loc[missing, "table"]
    reason[names == ""] = "no file name: in " + rows.loc[names == "", "table"]
    kept = rows.drop(columns=["name", "table", CATEGORY, FILE_NAME])
    return keep_apart(kept).assign(
        image_id=unique_ids(names.map(as_text)),
        path=np.array(paths, dtype=object),
        class_name=category,
        prepared_split="",
        reason=reason,
    )


def _unnamed(
    files: list[FoundFile], rows: pd.DataFrame, tables: list[FoundFile], reason: str
) -> pd.DataFrame:
    known = {*rows["name"], *(table.name for table in tables)}
    left = [file for file in files if file.name not in known]
    return pd.DataFrame(
        {
            "image_id": [as_text(file.name) for file in left],
            "path": [file.path for file in left],
            "class_name": "",
            "prepared_split": "",
            "reason": reason,
        }
    )
