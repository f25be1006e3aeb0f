"""Sources of images: zips, tables, exports of EcoTaxa, prepared splits, object stores."""

import pickle
import shutil
import stat
import uuid
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib.externals.loky import get_reusable_executor

from plankton_embedding.images.listing import list_images, list_unlabelled_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.rejects import accept_images, list_rejected_images
from plankton_embedding.images.scan import scan_images
from plankton_embedding.images.source import ImageSource, ImageSourceError
from plankton_embedding.images.zip_members import check_members
from plankton_embedding.parameters import EngineOptions, ScanOptions, SourceOptions
from tiny_project import tiny_values

SCAN = ScanOptions(max_rejected=1, min_side=1, max_pixels=10**8, reuse=False)


def listed(place: object, **changes: object) -> ImageSource:
    options = SourceOptions.model_validate(tiny_values(Path())["source"] | changes)
    return list_images(open_location(str(place)), options)


def classes(source: ImageSource) -> dict[str, str]:
    used = source.files[source.files["reason"] == ""]
    return dict(zip(used["image_id"], used["class_name"], strict=True))


def reasons(source: ImageSource) -> dict[str, str]:
    left = source.files[source.files["reason"] != ""]
    return dict(zip(left["image_id"], left["reason"], strict=True))


def packed(folder: Path, path: Path) -> Path:
    """Pack a folder into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


@pytest.fixture
def one_process() -> EngineOptions:
    return EngineOptions(backend="threading", workers=4, address=None)


# Class folders


@pytest.mark.parametrize(
    ("nested_folders", "expected"),
    [
        ("reject", {"algae/0.png": "algae"}),
        ("first", {"algae/0.png": "algae", "algae/big/1.png": "algae"}),
        ("path", {"algae/0.png": "algae", "algae/big/1.png": "algae/big"}),
    ],
)
def test_nested_folders_are_what_the_parameter_says(
    tmp_path, write_image, nested_folders, expected
):
    write_image(tmp_path / "algae" / "0.png")
    write_image(tmp_path / "algae" / "big" / "1.png", 1)
    (tmp_path / "empty").mkdir()
    source = listed(tmp_path, nested_folders=nested_folders)
    assert classes(source) == expected
    assert source.class_names == tuple(sorted({*expected.values(), "empty"}))
    assert len(source.files) == 2


# Zips


def test_a_zip_is_as_good_as_its_folder(two_classes, tmp_path, one_process):
    (two_classes / "notes.txt").write_text("beside the classes")
    archive = packed(two_classes, tmp_path / "Images.ZIP")
    folder, source = listed(two_classes), listed(archive)
    assert classes(source) == classes(folder)
    assert reasons(source) == reasons(folder) == {"notes.txt": "not in a class folder"}
    assert str(source.location) == str(archive)
    columns = ["image_id", "class_name", "width", "height", "sha256", "perceptual_hash", "reason"]
    scans = [scan_images(one, SCAN, one_process)[columns] for one in (folder, source)]
    pd.testing.assert_frame_equal(*scans)


def test_workers_open_a_zip_for_themselves(two_classes, tmp_path):
    source = listed(packed(two_classes, tmp_path / "images.zip"))
    processes = EngineOptions(backend="loky", workers=2, address=None)
    assert (scan_images(source, SCAN, processes)["status"] == "accepted").all()
    again = pickle.loads(pickle.dumps(source.location))
    assert again.filesystem.cat_file("algae/0.png") == (two_classes / "algae/0.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../outside.png", "leaves the folder"),
        ("algae/../../outside.png", "leaves the folder"),
        ("/etc/passwd", "leaves the folder"),
        ("algae\\..\\..\\outside.png", "leaves the folder"),
        ("C:/outside.png", "leaves the folder"),
    ],
)
def test_a_member_that_escapes_is_refused_by_name(tmp_path, name, problem):
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("algae/0.png", "x")
        archive.writestr(name, "x")
    with pytest.raises(ImageSourceError, match=rf"{problem}.*unpack it with care"):
        listed(path)
    assert not list(tmp_path.parent.glob("outside*"))


def _linked(archive: zipfile.ZipFile) -> None:
    member = zipfile.ZipInfo("algae/link.png")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(member, "/etc/passwd")


def _twice(archive: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("algae/0.png", "another")


def _encrypted(archive: zipfile.ZipFile) -> None:
    archive.writestr("algae/1.png", "secret")
    archive.infolist()[-1].flag_bits |= 1


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [(_linked, "is a symbolic link"), (_twice, "is there twice"), (_encrypted, "is encrypted")],
)
def test_other_unsafe_members_are_refused(tmp_path, spoil, problem):
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("algae/0.png", "x")
        spoil(archive)
    with pytest.raises(ImageSourceError, match=rf"algae/.*png'? .*{problem}"):
        listed(path)


def test_decompression_bombs_are_refused_by_what_they_say():
    def member(name: str, size: int, packed_size: int) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name)
        info.file_size, info.compress_size = size, packed_size
        return info

    with pytest.raises(ImageSourceError, match=r"'a' of x unpacks to 2,000,000,000 bytes"):
        check_members("x", [member("a", 2 * 10**9, 2 * 10**6)])
    shared = [member(str(number), 10**9, 1000) for number in range(50)]
    with pytest.raises(ImageSourceError, match="is a decompression bomb"):
        check_members("x", shared)
    check_members("x", [member(str(number), 10**8, 10**7) for number in range(500)])


@settings(deadline=None)
@given(st.text(min_size=1, max_size=12), st.sampled_from(["..", "/", "\\..\\", "a/../.."]))
def test_no_name_that_leaves_the_folder_gets_through(name, step):
    info = zipfile.ZipInfo("x")
    info.orig_filename = info.filename = f"{step}/{name}"
    with pytest.raises(ImageSourceError, match="leaves the folder"):
        check_members("x", [info])


def test_what_is_no_zip_is_named(tmp_path):
    (tmp_path / "images.zip").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(ImageSourceError, match=r"images\.zip is not a zip file that can be read"):
        listed(tmp_path / "images.zip")


# Tables


@pytest.fixture
def table(tmp_path, write_image) -> pd.DataFrame:
    for number in range(4):
        write_image(tmp_path / "pool" / f"{number}.png", number)
    return pd.DataFrame(
        {
            "path": [f"pool/{number}.png" for number in range(4)],
            "class_name": ["egg", "egg", "007", "NA"],
            "depth": ["10", "20", "", "40"],
            "width": ["a", "b", "c", "d"],
        }
    )


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_a_table_names_paths_and_classes(tmp_path, table, suffix, one_process):
    path = tmp_path / f"images{suffix}"
    if suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    source = listed(path)
    assert classes(source) == dict(zip(table["path"], table["class_name"], strict=True))
    assert source.files["depth"].tolist() == table["depth"].tolist()
    manifest = scan_images(source, SCAN, one_process)
    assert (manifest["status"] == "accepted").all()
    assert manifest["width"].tolist() == [12] * 4
    assert manifest["source_width"].tolist() == ["a", "b", "c", "d"]


def test_rows_that_cannot_be_used_say_why(tmp_path, table, one_process):
    table.loc[1, "path"] = "pool/0.png"
    table.loc[2, "class_name"] = ""
    table.loc[3, "path"] = str(tmp_path / "nowhere.png")
    table.loc[4] = ["", "egg", "", ""]
    table.loc[5] = [str(tmp_path / "pool" / "3.png"), "NA", "", ""]
    table.to_csv(tmp_path / "images.csv", index=False)
    source = listed(tmp_path / "images.csv")
    assert reasons(source) == {
        "pool/0.png#2": "named twice in the table",
        "pool/2.png": "no class",
        "": "no path",
    }
    manifest = scan_images(source, SCAN, one_process).set_index("image_id")
    gone = manifest.loc[str(tmp_path / "nowhere.png"), "reason"]
    assert gone == "broken link or file that vanished"
    assert len(manifest) == 6


def test_a_column_that_is_missing_is_named_with_those_there_are(tmp_path, table):
    table.to_csv(tmp_path / "images.csv", index=False)
    message = r"no column 'taxon' \(source\.class_column\)\. It has 'path', 'class_name', 'depth'"
    with pytest.raises(ImageSourceError, match=message):
        listed(tmp_path / "images.csv", class_column="taxon")


def test_a_table_without_classes_is_said_to_have_none(tmp_path, table):
    path = tmp_path / "images.csv"
    table[["depth"]].to_csv(path, index=False)
    options = SourceOptions.model_validate(tiny_values(tmp_path)["source"])
    with pytest.raises(ImageSourceError, match=r"no column 'path' .* It has 'depth'\.$"):
        list_unlabelled_images(open_location(str(path)), options)


def test_a_missing_class_of_a_parquet_table_is_no_class(tmp_path, table):
    table.assign(class_name=["egg", None, "007", float("nan")]).to_parquet(
        tmp_path / "images.parquet"
    )
    source = listed(tmp_path / "images.parquet")
    assert source.class_names == ("007", "egg")
    assert reasons(source) == {"pool/1.png": "no class", "pool/3.png": "no class"}


# Exports of EcoTaxa


@pytest.fixture
def export(tmp_path, write_image) -> Path:
    """Return an export of two tables, with all that goes wrong in life."""
    folder = tmp_path / "export"
    for number in range(6):
        write_image(folder / "sample_1" / f"{number}.png", number)
    for number in range(6, 9):
        write_image(folder / f"{number}.png", number)
    header = (
        "object_id\tobject_annotation_category\tobject_annotation_status\timg_file_name\timg_rank"
    )
    lines = [
        f"{header}\tobject_area\tacq_name\tprocess_particle_pixel_size_mm",
        "[t]\t[t]\t[t]\t[t]\t[f]\t[f]\t[t]\t[f]",
        "a\tCopepoda>Calanus\tvalidated\t0.png\t0\t12.5\t001\t0.0106",
        "a\tCopepoda>Calanus\tvalidated\t1.png\t1\t12.5\t001\t0.0106",
        "b\tegg\tpredicted\t2.png\t0\t7\t001\t",
        "c\tegg\tValidated\t3.png\t0\t\t001\t",
        "d\t\tvalidated\t4.png\t0\t9\t001\t",
        "e\tegg\tvalidated\tlost.png\t0\t9\t001\t",
        "f\tegg\tvalidated\t3.png\t0\t9\t001\t",
    ]
    (folder / "sample_1" / "ecotaxa_1.tsv").write_text("\n".join(lines) + "\n")
    lines = [
        f"{header}\tobject_width",
        "g\tÉphyra\tvalidated\t6.png\t0\t3",
        "h\tegg\tdubious\t7.png\t0\t4",
    ]
    (folder / "ecotaxa_2.tsv").write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
    return folder


@pytest.mark.parametrize("as_zip", [False, True])
def test_an_export_is_listed_whole(export, tmp_path, as_zip):
    source = listed(packed(export, tmp_path / "export.zip") if as_zip else export)
    assert classes(source) == {
        "6.png": "Éphyra",
        "sample_1/0.png": "Copepoda>Calanus",
        "sample_1/1.png": "Copepoda>Calanus",
        "sample_1/3.png": "egg",
    }
    assert reasons(source) == {
        "7.png": "not validated: dubious",
        "8.png": "in no table of the export",
        "sample_1/2.png": "not validated: predicted",
        "sample_1/3.png#2": "named twice in the table",
        "sample_1/4.png": "no category",
        "sample_1/5.png": "in no table of the export",
        "sample_1/lost.png": "not in the export: named in sample_1/ecotaxa_1.tsv",
    }
    assert source.class_names == ("Copepoda>Calanus", "egg", "Éphyra")


def test_measurements_are_columns(export):
    files = listed(export, pixel_size=5.5).files.set_index("image_id")
    assert files.loc["sample_1/0.png", "object_area"] == 12.5
    assert np.isnan(files.loc["sample_1/3.png", "object_area"])
    assert (
        files.loc["sample_1/0.png", "object_id"] == files.loc["sample_1/1.png", "object_id"] == "a"
    )
    assert files.loc["6.png", "object_width"] == 3
    assert files.loc["sample_1/0.png", "acq_name"] == "001"
    # µm: of ZooProcess's millimetres, else of the parameter.
    assert files.loc["sample_1/0.png", "pixel_size"] == pytest.approx(10.6)
    assert files.loc["6.png", "pixel_size"] == 5.5


def test_categories_that_are_numbers_stay_as_they_are_written(export):
    (export / "sample_1" / "ecotaxa_1.tsv").unlink()
    path = export / "ecotaxa_2.tsv"
    text = path.read_bytes().decode("latin-1").replace("Éphyra", "45074").replace("egg", "45075")
    path.write_text(text)
    assert classes(listed(export)) == {"6.png": "45074"}


def test_predictions_are_used_where_they_are_asked_for(export):
    used = classes(listed(export, validated_only=False))
    assert used["sample_1/2.png"] == "egg"
    assert used["7.png"] == "egg"


def test_an_export_without_a_status_is_explained(export):
    path = export / "ecotaxa_2.tsv"
    table = pd.read_csv(path, sep="\t", encoding="latin-1")
    table.drop(columns="object_annotation_status").to_csv(path, sep="\t", index=False)
    with pytest.raises(
        ImageSourceError, match=r"no column object_annotation_status.*validated_only"
    ):
        listed(export)
    assert "6.png" in classes(listed(export, validated_only=False))


def test_an_export_without_a_table_is_explained(two_classes):
    with pytest.raises(ImageSourceError, match=r"holds no table of EcoTaxa.*img_file_name"):
        listed(two_classes, kind="ecotaxa")


def test_images_left_out_by_choice_do_not_end_a_run(export, one_process):
    manifest = scan_images(listed(export), SCAN, one_process)
    rejected = list_rejected_images(manifest)
    # Seven of eleven are rejected, two of them by choice.
    options = SCAN.model_copy(update={"max_rejected": 5 / 11})
    assert len(accept_images(manifest, rejected, options)) == 4


# Prepared splits


@pytest.mark.parametrize("validation", ["validation", "validate", "Val"])
def test_prepared_splits_are_found(two_classes, tmp_path, write_image, validation):
    root = tmp_path / "prepared"
    for name in ("train", validation, "test"):
        shutil.copytree(two_classes, root / name)
    write_image(root / "stray.png")
    source = listed(root)
    files = source.files.set_index("image_id")
    assert source.class_names == ("algae", "copepod")
    assert files.loc["train/algae/0.png", "prepared_split"] == "train"
    assert files.loc[f"{validation}/algae/0.png", "prepared_split"] == "validation"
    assert files.loc["test/copepod/1.png", ["prepared_split", "class_name"]].tolist() == [
        "test",
        "copepod",
    ]
    assert reasons(source) == {"stray.png": "not in a folder of a split"}


def test_other_folders_are_no_prepared_splits(two_classes):
    with pytest.raises(ImageSourceError, match="holds the folders algae, copepod, not train"):
        listed(two_classes, kind="prepared_splits")


# Object stores


@pytest.fixture
def bucket(monkeypatch):
    """Return the address of an empty bucket of a local S3."""
    moto = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"plankton-{uuid.uuid4()}"
    s3fs.S3FileSystem().mkdir(name)
    yield f"s3://{name}"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def _upload(folder: Path, address: str) -> None:
    import s3fs

    s3fs.S3FileSystem().put(str(folder), address, recursive=True)


def test_an_object_store_is_as_good_as_a_folder(bucket, two_classes, tmp_path, one_process):
    _upload(two_classes, f"{bucket}/images")
    folder, source = listed(two_classes), listed(f"{bucket}/images")
    assert classes(source) == classes(folder)
    columns = ["image_id", "class_name", "sha256", "status"]
    scans = [scan_images(one, SCAN, one_process) for one in (folder, source)]
    pd.testing.assert_frame_equal(*(scan[columns] for scan in scans))
    # What did not change is not read again: the store says so.
    assert scans[1]["scanned_as"].ne("").all()
    # Workers of earlier tests do not know the credentials.
    get_reusable_executor().shutdown()
    processes = EngineOptions(backend="loky", workers=2, address=None)
    assert (scan_images(source, SCAN, processes)["status"] == "accepted").all()


def test_without_credentials_an_object_store_is_named(bucket, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ImageSourceError, match=r"images cannot be read: .*your credentials"):
        listed(f"{bucket}/images")


def test_a_zip_on_an_object_store_is_read_where_it_lies(bucket, two_classes, tmp_path, one_process):
    _upload(packed(two_classes, tmp_path / "images.zip"), f"{bucket}/images.zip")
    source = listed(f"{bucket}/images.zip")
    assert classes(source) == classes(listed(two_classes))
    assert (scan_images(source, SCAN, one_process)["status"] == "accepted").all()


def test_a_folder_that_an_object_store_has_not_is_named(bucket):
    with pytest.raises(ImageSourceError, match="nowhere does not exist"):
        listed(f"{bucket}/nowhere")


def test_an_unknown_address_is_named():
    with pytest.raises(ImageSourceError, match=r"plankton://x is no address that is known"):
        listed("plankton://x")
