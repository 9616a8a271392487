"""Figures say what was measured."""

from gold.judging.plots import metric_figure, score_figure, search_figure


def test_the_best_is_on_top_with_its_interval():
    scores = [("good", {"ndcg_at_10": (0.3, 0.01)}), ("poor", {"ndcg_at_10": (0.1, 0.0)})]

    figure = metric_figure(scores, "ndcg_at_10", "random_42")

    (axes,) = figure.axes
    figure.canvas.draw()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["poor", "good"]
    assert axes.get_xlabel() == "ndcg@10 with 95 % intervals over users, split random_42"
    assert axes.lines[0].get_xdata().tolist() == [0.1, 0.3]


def test_a_search_shows_its_trials_and_the_best_so_far():
    (axes,) = search_figure([0.1, 0.3, 0.2]).axes

    trials, best = axes.lines
    assert list(trials.get_ydata()) == [0.1, 0.3, 0.2]
    assert list(best.get_ydata()) == [0.1, 0.3, 0.3]


def test_scores_fall_with_the_rank_between_their_quantiles():
    (axes,) = score_figure([(1, [0.5, 0.7, 0.9]), (2, [0.4, 0.6, 0.8])]).axes

    assert axes.lines[0].get_xydata().tolist() == [[1, 0.7], [2, 0.6]]
    assert sorted(set(axes.collections[0].get_paths()[0].vertices[:, 1].round(3))) == [0.4, 0.5, 0.8, 0.9]
