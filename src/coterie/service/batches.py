"""A file of people answered while it is read: as many rows as wanted, in the same memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from coterie.errors import DataError
from coterie.pipeline.predictor import Predictor
from coterie.prediction.form import Answers
from coterie.prediction.form_columns import read_columns
from coterie.profiling.export import without_formula
from coterie.segmentation.base import NOISE

_BLOCK = 4 << 20
_SEPARATORS = ",;\t|"
_SNIFFED = 1 << 16
_DIGITS = 6


def answer_csv(predictor: Predictor, file: Path) -> Iterator[bytes]:
    """Answer for the people of a CSV file, a part at a time.

    Parameters
    ----------
    predictor : Predictor
        Who answers.
    file : Path
        UTF-8, with a header; comma, semicolon, tab or bar between the columns.

    Yields
    ------
    bytes
        CSV: the header ``id, segment_id, segment_name, probability, margin, by, problems``
        (of a label ``label`` in place of the segment), then a row a person, in their order.

    Raises
    ------
    DataError
        If it is no CSV file, also in the middle of it.
    """
    yield from _parts(predictor, _open(file))


def _open(file: Path) -> pa.csv.CSVStreamingReader:
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            head = text.read(_SNIFFED).splitlines()[:1]
    except UnicodeDecodeError as error:
        raise DataError("The file is not in UTF-8.", hint="Save it as CSV in UTF-8.") from error
    if not head or not head[0].strip():
        raise DataError("The file is empty.", hint="The first line names the fields.")
    separator = max(_SEPARATORS, key=head[0].count)
    names = next(csv.reader(head, delimiter=separator))
    if len(set(names)) != len(names):
        raise DataError("A column of the file is there twice.", hint="Leave one of them out.")
    texts = {name: pa.string() for name in names}
    with _readable():
        return pc.open_csv(
            file,
            read_options=pc.ReadOptions(block_size=_BLOCK),
            parse_options=pc.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pc.ConvertOptions(column_types=texts, strings_can_be_null=False),
        )


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except pa.ArrowInvalid as error:
        raise DataError(f"The file cannot be read as CSV: {error}") from error


def _parts(predictor: Predictor, reader: pa.csv.CSVStreamingReader) -> Iterator[bytes]:
    first = 1
    what = ["label"] if predictor.asked.label else ["segment_id", "segment_name"]
    yield (",".join(["id", *what, "probability", "margin", "by", "problems"]) + "\n").encode()
    with reader:
        while True:
            try:
                with _readable():
                    batch = reader.read_next_batch()
            except StopIteration:
                return
            answers = read_columns(predictor.form, pa.table(batch), first=first)
            first += batch.num_rows
            yield _written(predictor, answers)


def _written(predictor: Predictor, answers: Answers) -> bytes:
    told = predictor.tell(answers.frame)
    fatal = np.array([any(one.fatal for one in some) for some in answers.problems], dtype=np.bool_)
    unknown = fatal | (told.number == NOISE)
    number = pa.array(np.where(unknown, 0, told.number), mask=unknown)
    classes = pa.array(predictor.classes, pa.string())
    columns = {"id": pa.array(map(without_formula, answers.ids), pa.string())}
    if predictor.asked.label:
        columns["label"] = classes.take(number)
    else:
        names = predictor.asked.segment_names
        named = pa.array([names.get(one) for one in predictor.classes], pa.string())
        columns |= {"segment_id": classes.take(number), "segment_name": named.take(number)}
    for name, values in (("probability", told.probability), ("margin", told.margin)):
        missing = values is None
        rounded = np.zeros(len(unknown)) if values is None else values.round(_DIGITS)
        columns[name] = pa.array(rounded, mask=np.ones_like(unknown) if missing else unknown)
    columns["by"] = pa.array([predictor.asked.by] * len(unknown), pa.string())
    said = ["; ".join(problem.message for problem in some) or None for some in answers.problems]
    columns["problems"] = pa.array(map(without_formula, said), pa.string())
    sink = pa.BufferOutputStream()
    pc.write_csv(pa.table(columns), sink, pc.WriteOptions(include_header=False))
    return bytes(sink.getvalue().to_pybytes())
