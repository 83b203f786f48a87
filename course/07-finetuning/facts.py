"""The numbers that this unit's prose states, computed; and its claims in words, asserted."""

import inspect
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy import stats

from mftcourse import authoring, runner


def released(lesson: dict, exercise: str, name: str):
    """Return what the released (faulty) program of an exercise defines under `name`."""
    scope = dict(lesson)
    exec(runner.released(_exercises()[exercise].source), scope)
    return scope[name]


def _exercises() -> dict:
    return authoring.read_lesson(Path(__file__).parent).exercises


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

    # the thawed network: as good on the new task, and bad on the old one
    good, thawed = pretrained(), pretrained()
    lesson["adapt"](good, X_few, y_few)
    released(lesson, "adapt", "adapt")(thawed, X_few, y_few)
    assert abs(accuracy(good, X_rest, y_rest) - accuracy(thawed, X_rest, y_rest)) < 0.06, "about as good"
    assert 0.4 < (old_accuracy(net) - old_accuracy(thawed)) / old_accuracy(net) < 0.6, "about half of the images lost"
    assert abs(old_accuracy(good) - old_accuracy(net)) < 0.025, "BatchNorm moves it slightly"
    for seed in range(1, 6):
        other = pretrained(seed=seed)
        released(lesson, "adapt", "adapt")(other, X_few, y_few, seed=seed)
        assert old_accuracy(net) - old_accuracy(other) > 0.2, "with other seeds a fifth or more"

    # the drifting body: a third of the old images lost
    bright = 0.5 * X_few + 0.5
    still, drifting = pretrained(), pretrained()
    lesson["train_head_only"](still, bright, y_few)
    released(lesson, "train_head_only", "train_head_only")(drifting, bright, y_few)
    assert old_accuracy(net) - old_accuracy(drifting) > 0.34, "a third of the images or more"
    assert old_accuracy(still) == old_accuracy(net)

    # meaningless labels: the leaky split comes out far above one half, the repaired one does not
    from sklearn.neighbors import KNeighborsClassifier

    nonsense = np.random.default_rng(0).permutation(y_new[:200].numpy())
    pixels = X_new[:200].reshape(200, -1).numpy()

    def control(split) -> float:
        scores = []
        for seed in range(20):
            train, test = split(nonsense, 50, seed)
            scores.append(KNeighborsClassifier(1).fit(pixels[train], nonsense[train]).score(pixels[test], nonsense[test]))
        return float(np.mean(scores))

    def only_the_leak_mended(y: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        train = np.random.default_rng(seed).choice(len(y), size=k * len(np.unique(y)))
        return train, np.setdiff1d(np.arange(len(y)), train)

    assert abs(control(lesson["few_shot_split"]) - 0.5) < 0.05
    assert abs(control(only_the_leak_mended) - 0.5) < 0.05, "the number shows one fault of three"
    assert control(released(lesson, "few_shot_split", "few_shot_split")) > 0.62, "far above"

    # the experiment
    curves, shots = get("curves"), get("shots")

    def interval(a: str, b: str, k: int) -> tuple[float, float, float]:
        row = shots.index(k)
        return lesson["paired_interval"](curves[a][row].tolist(), curves[b][row].tolist())

    assert interval("linear probe", "from scratch", 5)[1] > 0.02, "clearly above zero at five labels"
    low, high = interval("linear probe", "full fine-tuning", 50)[1:]
    assert low < -0.002 and high > 0.002, "the interval of probe minus full contains zero at fifty labels"
    at_five, at_fifty = ([curves[way][shots.index(k)].mean() for way in curves] for k in (5, 50))
    assert at_five[0] > at_five[1] > at_five[2] and min(at_fifty) > 0.9
    gains = [interval("linear probe", "from scratch", k)[0] for k in (5, 20, 50)]
    assert gains == sorted(gains, reverse=True), "from five labels on it shrinks"
    assert 0.005 < interval("linear probe", "from scratch", 50)[1] and gains[-1] < 0.04, "slightly behind"
    assert sizes["source"] == 700, "a message of read_curves says so"
    rates = lesson["learning_rates"]
    n_steps = inspect.signature(lesson["train_all"]).parameters["steps"].default

    # forgetting at two learning rates
    old, new = {}, {}
    for lr in (0.001, 0.01):
        tuned = pretrained()
        lesson["train_all"](tuned, X_few, y_few, lr, seed=0)
        old[lr], new[lr] = old_accuracy(tuned), accuracy(tuned, X_rest, y_rest)
    assert abs(new[0.001] - new[0.01]) < 0.06 and old[0.001] > 0.9 and old[0.01] < 0.85, "a few points, and far apart"

    # the example of the interval
    d = np.array([0.9, 0.8, 0.7]) - np.array([0.8, 0.6, 0.4])
    t, half = stats.t.ppf(0.975, 2), stats.t.ppf(0.975, 2) * d.std(ddof=1) / np.sqrt(3)
    assert d.mean() - 1.96 * d.std(ddof=1) / np.sqrt(3) > 0 > d.mean() - half
    assert len(lesson["save"]({"w": torch.ones(2, 128), "b": torch.ones(2)})) < 2000

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
    assert text_shots[2] == 20 and abs(minilm[2] - sixty) < 0.02, "twenty labels are about as good as sixty"
    n_sentences, n_libraries = len(get("sentences")), len(set(get("libraries")))
    n_parameters = sum(p.numel() for p in get("minilm").parameters())

    exercises = _exercises()
    minutes = sum(cell.minutes for cell in exercises.values())
    return [
        f"{minutes:.0f} minutes of exercises",
        "Plan 240 minutes",
        f"the {n_images} of them",
        f"pretrained** on {sizes['source']} of them, {sizes['old']} are held out",
        f"{sizes['new']} were seen by nobody",
        f"those {sizes['new']}",
        f"only {few[0]} labels of each class",
        f"{few[0]} labels a class, at a careful",
        f"With {few[0] + few[1]} labels",
        f"into {n_features} numbers",
        f"shape (7, {n_features})",
        f"{right} of the {sizes['old']} held-out images",
        f"an accuracy of {before}",
        f"old head still works: about {before}",
        f"{4 * 3 + 3} parameters",
        f"takes {net.body.block3.conv.in_channels} channels to {net.body.block3.conv.out_channels}",
        f"3·3·2·5 = {3 * 3 * 2 * 5}",
        f"channels has 5 weights and 5 biases: {5 + 5} parameters",
        f"labels of {len(nonsense)} images",
        "near 0.5",
        f"with {50} labels a class",
        "0.9, 0.8, 0.7 on three draws",
        "0.8, 0.6, 0.4. The differences are 0.1, 0.2, 0.3",
        f"mean is {d.mean():.1f}",
        f"standard deviation {d.std(ddof=1):.1f}",
        f"t is {t:.3f}",
        f"{d.mean():.1f} ± {half:.3f}, from −{half - d.mean():.3f} to {half + d.mean():.3f}",
        "normal distribution's 1.96",
        "level 95 %",
        "for 95 %",
        f"with {shots[0]}, {shots[1]}, {shots[2]} and {shots[3]} labels a class",
        f"At {shots[3]} labels a class",
        f"at the rate {rates['full fine-tuning']}, from scratch at {rates['from scratch']}, both for {n_steps} steps",
        f"right for {looked_up:.2f} of the new images",
        f"{n_parameters / 1e6:.1f} million parameters",
        f"into {get('embeddings').shape[1]} numbers",
        f"{n_sentences} sentences, {n_sentences // n_libraries} of each of five libraries",
        f"get {text_shots[0]}, {text_shots[1]}, {text_shots[2]} and {text_shots[3]} labels a library",
        "PyTorch 2.0",
        "PyTorch 2.6",
        "versions before 2.6",
        # the case of the written answer, and what its answer must hold
        "60 labelled images",
        "150 to 300 words",
        "Rubric, 10 points",
        "With 60 images",
        "95 % intervals",
        "In 30 seconds",
        *sorted({f"{cell.minutes:.0f} minutes" for cell in exercises.values() if cell.minutes >= 10}),
    ]
