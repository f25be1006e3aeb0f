"""Tables that are written and read block by block."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, DatasetError

from plankton_embedding.analysis.table_blocks import TableBlocks
from plankton_embedding.datasets.embedding_blocks_dataset import EarlierBlocksDataset
from plankton_embedding.images.embedding_blocks import EmbeddedBlock, PlannedBlock

MODULE = "plankton_embedding.datasets"
STREAMED = f"{MODULE}.streamed_table_dataset.StreamedTableDataset"
BLOCKS = f"{MODULE}.embedding_blocks_dataset.EmbeddingBlocksDataset"


def catalog(folder, kind, name, version="2026-01-01T00.00.00.000Z"):
    entry = {"type": kind, "filepath": str(folder / name), "versioned": True}
    return DataCatalog.from_config({"table": entry}, save_version=version)


def make_block(number):
    return pd.DataFrame(
        {
            "image_id": [f'{number}, "<b>"', "NA"],
            # Missing in some blocks and there in others.
            "class_name": pd.array([None, None if number == 0 else "007"], dtype="str"),
            "distance": [np.nan, number / 3],
            "is_unknown": pd.array([None, True], dtype="boolean"),
        }
    )


@pytest.mark.parametrize("ending", ["parquet", "csv", "tsv"])
def test_a_table_comes_back(tmp_path, ending):
    table = catalog(tmp_path, STREAMED, f"table.{ending}")
    table.save("table", TableBlocks(lambda: map(make_block, range(3))))
    blocks = table.load("table")
    wanted = pd.concat(map(make_block, range(3)), ignore_index=True)
    for _ in range(2):
        found = blocks.whole()
        if ending == "parquet":
            pd.testing.assert_frame_equal(found, wanted)
        else:
            assert found["image_id"].tolist() == wanted["image_id"].tolist()
            assert found["class_name"].tolist() == ["", "", "", "007", "", "007"]
    if ending == "parquet":
        assert len(list(blocks)) == 3
    assert not list(tmp_path.rglob(".*partial"))


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_memory_holds_one_block(tmp_path, ending):
    alive = []

    def count_alive():
        gc.collect()
        return sum(reference() is not None for reference in alive)

    def mark(block):
        assert count_alive() <= 2
        alive.append(weakref.ref(block))
        return block

    table = catalog(tmp_path, STREAMED, f"table.{ending}")
    numbers = TableBlocks(lambda: map(pd.Series, range(20)))
    table.save("table", numbers.map(lambda number: mark(make_block(number[0]))))
    assert len(alive) == 20


def test_a_table_that_was_not_finished_is_none(tmp_path):
    def blocks():
        yield make_block(0)
        raise KeyboardInterrupt

    table = catalog(tmp_path, STREAMED, "table.csv")
    with pytest.raises(KeyboardInterrupt):
        table.save("table", TableBlocks(blocks))
    assert not table.exists("table")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_another_ending(tmp_path):
    with pytest.raises(DatasetError, match=r"must end in \.parquet"):
        catalog(tmp_path, STREAMED, "table.xlsx")["table"]


def embedded(number, of=3, key=None):
    table = pd.DataFrame({"image_id": [f"{number}.png"], "e00": np.float32([number])})
    return EmbeddedBlock(PlannedBlock(number, of, key or f"key{number}", table), table)


def test_blocks_grow_and_are_whole_only_at_the_end(tmp_path):
    table = catalog(tmp_path, BLOCKS, "blocks")
    for number in range(2):
        table.save("table", embedded(number))
    with pytest.raises(DatasetError, match="2 of 3 blocks"):
        table.load("table")
    table.save("table", embedded(2))
    assert table.load("table").whole()["e00"].tolist() == [0, 1, 2]


def test_blocks_of_earlier_runs_are_taken_over(tmp_path):
    first = catalog(tmp_path, BLOCKS, "blocks")
    first.save("table", embedded(0))
    earlier = EarlierBlocksDataset(filepath=str(tmp_path / "blocks")).load()
    assert list(earlier) == ["key0"]
    second = catalog(tmp_path, BLOCKS, "blocks", "2026-01-02T00.00.00.000Z")
    # Of another number now.
    plan = PlannedBlock(1, 2, "key0", pd.DataFrame())
    second.save("table", EmbeddedBlock(plan, earlier["key0"]))
    second.save("table", embedded(0, 2, "other"))
    assert second.load("table").whole()["image_id"].tolist() == ["0.png", "0.png"]
    earlier["key0"].write_bytes(b"PAR1")
    assert "key0" not in EarlierBlocksDataset(filepath=str(tmp_path / "blocks")).load()
