"""Tables scored by hand."""

import json

import pytest
from typer.testing import CliRunner

from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from training.cli import app
from training.spotting.score_spots import ScoreRequest, score_files


def table(path, text):
    path.write_text(text)
    return path


@pytest.fixture
def score(tmp_path):
    def run(truth, pred, videos=None, **options):
        return score_files(
            ScoreRequest(
                table(tmp_path / "truth.csv", truth),
                table(tmp_path / "pred.csv", pred),
                None if videos is None else table(tmp_path / "videos.csv", videos),
                **options,
            )
        )

    return run


def counts(facts, kind="overall"):
    return tuple(facts[kind][name] for name in ("tp", "fp", "fn"))


HEAD = "video,onset,offset\n"
KINDS = "video,onset,offset,kind\n"


@pytest.mark.parametrize(
    ("truth", "pred", "expected"),
    [
        ("a,0,9\n", "a,0,9\n", (1, 0, 0)),
        ("a,0,9\n", "a,5,14\n", (0, 1, 1)),  # 5 of 15 frames
        ("a,0,9\n", "a,0,4\n", (1, 0, 0)),  # 5 of 10: exactly half counts
        ("a,0,9\n", "a,0,3\n", (0, 1, 1)),  # 4 of 10
        ("a,10,19\n", "a,0,9\n", (0, 1, 1)),  # they touch without a common frame
        ("a,9,9\n", "a,9,9\n", (1, 0, 0)),  # one frame long
        ("a,0,9\na,10,19\n", "a,0,9\na,10,19\n", (2, 0, 0)),  # touching truths
        ("a,0,9\na,10,19\n", "a,0,19\n", (1, 0, 1)),  # half of the one and of the other: one hit
        ("a,0,9\n", "a,0,9\na,0,9\na,1,9\n", (1, 2, 0)),  # duplicates are false
        ("a,0,9\n", "", (0, 0, 1)),
        ("", "a,0,9\n", (0, 1, 0)),
        ("", "", (0, 0, 0)),
        ("a,0,9\n", "b,0,9\n", (0, 1, 1)),  # another video
        ("a,0,9\nb,0,9\n", "a,0,9\nc,0,9\nc,50,59\n", (1, 2, 1)),  # c has no movement
    ],
)
def test_counts_by_hand(score, truth, pred, expected):
    assert counts(score(HEAD + truth, HEAD + pred)) == expected


def test_the_largest_matching_not_the_greediest(score):
    """Spot 0-11 fits both truths; taking its better one would leave spot 1 without any."""
    truth, pred = "a,0,9\na,4,17\n", "a,0,11\na,-4,7\n"
    # 0-9 and 0-11: 10/12; 4-17 and 0-11: 8/18; 0-9 and -4-7: 8/14; 4-17 and -4-7: 4/22
    assert counts(score(HEAD + truth, HEAD + pred, iou=0.4)) == (2, 0, 0)
    assert counts(score(HEAD + truth, HEAD + pred, iou=0.5)) == (1, 1, 1)


def test_micro_and_macro_apart_and_overall_from_the_sums(score):
    truth = KINDS + "a,0,9,micro\na,100,199,macro\nb,0,9,Micro-expression\n"
    pred = KINDS + "a,0,9,micro\na,100,199,micro\nb,100,199,macro\n"
    facts = score(truth, pred)
    assert counts(facts, "micro") == (1, 1, 1)
    assert counts(facts, "macro") == (0, 1, 1)
    assert counts(facts) == (1, 2, 2)
    assert facts["overall"]["precision"] == pytest.approx(1 / 3, abs=1e-6)
    assert facts["micro"]["f1"] == 0.5
    assert facts["macro"]["f1"] == 0.0


def test_kind_by_length_where_the_frame_rate_is_known(score):
    """15 frames at 30 fps are half a second: micro. 16 are macro."""
    facts = score(HEAD + "a,1,15\na,101,116\n", HEAD + "a,1,15\na,101,116\n", fps=30.0)
    assert counts(facts, "micro") == counts(facts, "macro") == (1, 0, 0)
    videos = "video,fps\na,200\n"
    facts = score(HEAD + "a,1,15\na,101,116\n", HEAD + "a,1,15\n", videos, fps=30.0)
    assert counts(facts, "micro") == (1, 0, 1)
    assert counts(facts, "macro") == (0, 0, 0)


def test_unknown_kinds_give_the_overall_score_only(score):
    facts = score(KINDS + "a,0,9,micro\n", HEAD + "a,0,9\n")
    assert facts["micro"] is facts["macro"] is None
    assert counts(facts) == (1, 0, 0)
    assert "give a column `kind`" in facts["warnings"][0]
    with pytest.raises(UsageError, match=r"kind in some rows.*truth.csv, row 3"):
        score(KINDS + "a,0,9,micro\na,20,29,\n", KINDS + "a,0,9,micro\n")


def test_published_rule_counts_labels_hit(score):
    truth = HEAD + "a,0,9\na,50,59\n"
    pred = HEAD + "a,0,9\na,1,9\na,0,8\na,100,109\nb,0,9\n"
    facts = score(truth, pred, rule="published")
    assert counts(facts) == (1, 4, 1)  # 5 spots, 1 label hit
    assert facts["rule"] == "published (labels hit)"


# Labels a: 0-9, 10-19, 50-59, b: 0-9; at IoU 0.5, inclusive frames.
PUBLISHED = [  # spots, (tp, fp, fn) of megc, of published
    ("a,0,9\na,50,59\n", (2, 0, 2), (2, 0, 2)),  # one spot for each label: the rules agree
    ("a,0,9\na,1,9\na,0,8\n", (1, 2, 3), (1, 2, 3)),  # repeats stay false
    ("a,0,19\na,30,39\n", (1, 1, 3), (2, 0, 2)),  # 0-19 hits two labels: both are TP, 2 - 2 FP
    ("a,0,19\na,0,9\na,100,109\nb,50,59\n", (2, 2, 2), (2, 2, 2)),  # 0-9 and 0-19: one each
    ("b,0,19\nb,0,20\nc,0,9\n", (1, 2, 3), (1, 2, 3)),  # 10 of 20 frames hit, 10 of 21 do not
    ("a,9,0\na,0,9\n", (1, 1, 3), (1, 1, 3)),  # a reversed spot is a false one
    ("", (0, 0, 4), (0, 0, 4)),
]


@pytest.mark.parametrize(("spots", "megc", "published"), PUBLISHED)
def test_the_false_spots_of_the_published_rule_by_hand(score, spots, megc, published):
    truth = HEAD + "a,0,9\na,10,19\na,50,59\nb,0,9\n"
    assert counts(score(truth, HEAD + spots)) == megc
    found = counts(score(truth, HEAD + spots, rule="published"))
    assert found == published
    assert found[1] == len(spots.split()) - found[0]  # spots less labels hit


def test_videos_without_movements(score):
    facts = score(HEAD + "a,0,9\n", HEAD + "a,0,9\nb,5,9\n", "video\na\nb\nc\n")
    assert (facts["videos"], facts["videos_without_truth"]) == (3, 2)
    assert counts(facts) == (1, 1, 0)
    assert facts["warnings"] == [
        "kinds are unknown, so micro and macro are not distinguished: give a column `kind`, or the "
        "frame rate (--fps, or a column `fps`)"
    ]


APEX = "video,onset,apex,offset,kind,fps\n"


def test_apexes(score):
    truth = APEX + "a,0,5,9,micro,100\na,20,25,29,micro,100\na,40,45,49,micro,100\n"
    pred = APEX + "a,0,7,9,micro,100\na,20,29,29,micro,100\n"  # off by 2 and 4; 29 is not inside
    apex = score(truth, pred)["micro"]["apex"]
    assert apex["n"] == 2
    assert apex["mae_frames"] == 3.0
    assert apex["mae_ms"] == apex["median_ms"] == 30.0
    assert apex["asr"] == pytest.approx(1 / 3, abs=1e-6)
    assert apex["asr_matched"] == 0.5
    no_rate = score(truth.replace(",100\n", ",\n"), pred.replace(",100\n", ",\n"))
    assert no_rate["micro"]["apex"]["mae_ms"] is None


def test_strs_by_hand(score):
    head = "video,onset,offset,kind,emotion\n"
    truth = head + "".join(
        f"a,{start},{start + 9},micro,{emotion}\n"
        for start, emotion in ((0, "Happy"), (20, "happy"), (40, "sad"), (60, "sad"), (80, "fear"))
    )
    pred = head + "".join(
        f"a,{start},{start + 9},micro,{emotion}\n"
        for start, emotion in ((0, "happy"), (20, "sad"), (40, "sad"), (60, ""), (200, "happy"))
    )
    micro = score(truth, pred)["micro"]
    assert (micro["tp"], micro["fp"], micro["fn"]) == (4, 1, 1)  # F1 0.8
    # happy: P 1/1, R 1/2, F1 2/3; sad: P 1/2, R 1/2, F1 1/2; fear was never found: 0
    precision, recall, uf1 = 1.5 / 3, 1.0 / 3, (2 / 3 + 1 / 2) / 3
    assert micro["emotion"]["n"] == 4
    assert micro["emotion"]["classes"] == ["fear", "happy", "sad"]
    harmonic = 2 * precision * recall / (precision + recall)
    assert micro["emotion"]["f1_harmonic"] == pytest.approx(harmonic, abs=1e-6)
    assert micro["strs"] == pytest.approx(0.8 * harmonic, abs=1e-6)
    assert micro["strs_uf1"] == pytest.approx(0.8 * uf1, abs=1e-6)
    assert "strs" not in score(truth, KINDS + "a,0,9,micro\n")["micro"]


def test_reversed_intervals(score):
    facts = score(HEAD + "a,9,0\na,20,29\n", HEAD + "a,29,20\n")
    assert counts(facts) == (0, 1, 1)
    assert "truth.csv, row 2: offset 0 is before onset 9: left out" in facts["warnings"][0]
    assert "pred.csv, row 2: offset 20 is before onset 29: counted as false" in facts["warnings"][1]


@pytest.mark.parametrize(
    ("truth", "pred", "videos", "message"),
    [
        ("a,9,0\n", "a,0,9\n", None, "truth.csv, row 2: offset 0 is before onset 9"),
        ("a,0,9\n", "b,0,9\n", None, "video 'b' is not in the truth; list it with --videos"),
        ("a,0,9\n", "b,0,9\n", "video\nb\n", "video 'a' is not in --videos"),
    ],
)
def test_strict_refuses(score, truth, pred, videos, message):
    assert any(
        message in warning for warning in score(HEAD + truth, HEAD + pred, videos)["warnings"]
    )
    with pytest.raises(SourceFormatError, match=f"--strict refuses: .*{message}"):
        score(HEAD + truth, HEAD + pred, videos, strict=True)


def test_strict_accepts_an_honest_table(score):
    facts = score(KINDS + "a,0,9,micro\n", KINDS + "b,0,9,micro\n", "video\na\nb\n", strict=True)
    assert counts(facts) == (0, 1, 1)


@pytest.mark.parametrize(
    ("pred", "message"),
    [
        ("video,onset\na,1\n", r"pred.csv has no column 'offset' \(it has video, onset\)"),
        ("a,0,9\n", "has no column 'video'"),
        ("video,onset,offset\na,x,9\n", "row 2: onset 'x' is not a frame number"),
        ("video,onset,offset\na,nan,9\n", "row 2: onset 'nan' is not a frame number"),
        ("video,onset,offset\n\na,1\n", "row 3: 2 cells, the header has 3"),
        ("video,onset,offset\n,1,2\n", "row 2: the video is empty"),
        ("video,onset,offset,onset\na,1,2,3\n", "two columns 'onset'"),
        ("video,onset,offset,kind\na,1,2,tiny\n", "row 2: kind 'tiny' is unknown"),
        ("video,onset,offset,fps\na,1,2,0\n", "row 2: fps '0' is not a frame rate"),
    ],
)
def test_broken_tables_name_file_row_and_cure(score, pred, message):
    with pytest.raises(SourceFormatError, match=message):
        score(HEAD + "a,0,9\n", pred)


def test_tables_as_others_write_them(score, tmp_path):
    pred = "\ufeffOffset; Onset ;VIDEO;note\n9.0;0;a;x\n\n"
    assert counts(score(HEAD + "a,0,9\n", pred)) == (1, 0, 0)
    facts = score(HEAD + "a,0,9\n", "")
    assert counts(facts) == (0, 0, 1)
    assert facts["warnings"][0] == "pred.csv is empty: it has not even a header"
    with pytest.raises(SourceNotFoundError, match="No table at"):
        score_files(ScoreRequest(tmp_path / "none.csv", tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("rule", "loose", "choose megc or published"),
        ("iou", 0.0, "iou must be"),
        ("fps", 0.0, "fps must be"),
    ],
)
def test_options_out_of_range(score, option, value, message):
    with pytest.raises(UsageError, match=message):
        score(HEAD, HEAD, **{option: value})


@pytest.mark.parametrize("videos", ["name\na\n", "video\n", "video\na\na\n", "video,fps\na,-1\n"])
def test_broken_lists_of_videos(score, videos):
    with pytest.raises(SourceFormatError, match=r"videos.csv"):
        score(HEAD + "a,0,9\n", HEAD, videos)


def test_the_command_prints_one_json_object(tmp_path):
    truth = table(tmp_path / "truth.csv", KINDS + "a,0,9,micro\n")
    pred = table(tmp_path / "pred.csv", KINDS + "b,0,9,micro\n")
    result = CliRunner().invoke(
        app, ["score-spots", "--truth", str(truth), "--pred", str(pred), "--iou", "0.5"]
    )
    assert result.exit_code == 0
    assert counts(json.loads(result.stdout), "micro") == (0, 1, 1)
    assert "video 'b' is not in the truth" in result.stderr


def test_apex_times_go_before_frames(score):
    head = "video,onset,apex,offset,apex_s\n"
    facts = score(head + "a,0,5,9,0.170\n", head + "a,0,5,9,0.1625\n", fps=30.0)
    assert facts["micro"]["apex"]["mae_frames"] == 0.0
    assert facts["micro"]["apex"]["mae_ms"] == pytest.approx(7.5)
