import numpy as np
import pandas as pd
import pytest

from plankton_embedding.figures.training_curves import draw_training_curves


def _rendered(figure):
    figure.draw_without_rendering()
    return figure


def test_stages_of_different_losses_have_their_own_loss_axes(training_history):
    head, network, *_ = _rendered(draw_training_curves(training_history)).axes
    assert (head.get_ylabel(), network.get_ylabel()) == ("proxy softmax loss", "triplet loss")
    assert head.get_ylim() != network.get_ylim()
    assert head.lines[0].get_ydata().tolist() == [3, 2]
    assert network.lines[1].get_ydata().tolist() == [1, 0.9, 0.9, 0.9]


def test_stages_of_the_same_loss_have_the_same_loss_axis(training_history):
    same_loss = training_history.assign(loss="triplet")
    head, network, *_ = _rendered(draw_training_curves(same_loss)).axes
    assert head.get_ylim() == network.get_ylim() == (0, pytest.approx(3.1 * 1.05))


def test_stages_tell_what_they_train_and_their_epochs(training_history):
    head, network, head_rate, network_rate = draw_training_curves(training_history).axes
    assert head.get_title(loc="left") == "head stage\nhead only"
    assert network.get_title(loc="left") == "network stage\nwhole network"
    assert (head_rate.get_xlabel(), network_rate.get_xlabel()) == ("epochs 1 to 2", "epochs 3 to 6")


def test_the_learning_rate_is_drawn_and_steps_are_parted(training_history):
    _, network, _, rate = draw_training_curves(training_history).axes
    assert rate.lines[0].get_ydata().tolist() == [1e-3, 1e-3, 1e-4, 1e-4]
    assert rate.get_yscale() == "log"
    assert [line.get_xdata()[0] for line in network.lines[2:]] == [4.5]


def test_a_stage_of_one_epoch_has_whole_numbers_on_its_axis(training_history):
    figure = draw_training_curves(training_history.iloc[[0, 1, 2]])
    figure.canvas.draw()
    low, high = figure.axes[1].get_xlim()
    ticks = [tick for tick in figure.axes[1].get_xticks() if low <= tick <= high]
    assert ticks == [3]
    assert figure.axes[3].get_xlabel() == "epoch 3"


def test_one_epoch_can_be_drawn(training_history):
    losses, rate = _rendered(draw_training_curves(training_history[:1])).axes
    assert losses.lines[0].get_marker() == "o"
    assert rate.get_xlabel() == "epoch 1"


@pytest.mark.parametrize("history", [slice(0, 0), None])
def test_without_a_history_the_figure_says_so(training_history, history):
    empty = pd.DataFrame() if history is None else training_history[history]
    (axes,) = _rendered(draw_training_curves(empty)).axes
    words = [text.get_text() for text in axes.texts]
    assert words == ["no training history came with these embeddings"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_leaves_a_gap_and_a_cross(training_history, value):
    training_history.loc[3, "train_loss"] = value
    network = _rendered(draw_training_curves(training_history)).axes[1]
    np.testing.assert_array_equal(network.lines[0].get_ydata(), [0.9, np.nan, 0.7, 0.6])
    assert [mark.get_offsets().tolist() for mark in network.collections] == [[[4, 0]]]
    assert network.get_ylim()[1] == pytest.approx(1.05)


def test_losses_and_rates_that_are_all_missing_are_no_error(training_history):
    missing = training_history.assign(train_loss=np.nan, validation_loss=np.nan, learning_rate=0.0)
    head = _rendered(draw_training_curves(missing)).axes[0]
    assert [text.get_text() for text in head.texts] == ["no loss was finite"]
    _rendered(draw_training_curves(missing.assign(learning_rate=np.nan)))


def test_many_epochs_have_thin_lines_and_no_marks(training_history):
    epochs = 400
    many = pd.concat([training_history[2:3]] * epochs, ignore_index=True)
    many = many.assign(epoch=range(1, epochs + 1), step=range(1, epochs + 1))
    losses = _rendered(draw_training_curves(many)).axes[0]
    assert len(losses.lines) == 2  # none for each of 400 steps
    assert [line.get_marker() for line in losses.lines] == ["", ""]
    assert losses.lines[0].get_linewidth() == 1
