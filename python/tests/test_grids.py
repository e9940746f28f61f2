"""Grids against what they say: shapes, places, scales."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")

from agnez import grids


def test_images_stand_row_after_row_on_white() -> None:
    images = np.arange(5 * 2 * 3, dtype=float).reshape(5, 1, 2, 3)
    grid = grids.img_grid(images)
    assert grid.dtype == np.uint8 and grid.shape == (2 * 3 - 1, 3 * 4 - 1)
    assert grid[0, 0] == 0 and grid[4, 4 + 2] == 255, "the lowest and the highest value of all"
    assert (grid[2] == 255).all() and (grid[:, 3] == 255).all() and (grid[3:, 8:] == 255).all(), (
        "between them, and where none is"
    )
    assert (grid[0:2, 4:7] == np.round(255 * images[1, 0] / 29)).all()
    own = grids.img_grid(images, (1, 5), rescale=False)
    assert own.shape == (2, 19) and (own[:, 0:3] == own[:, 16:19]).all(), "each on its own scale"


def test_colours_come_first_or_last() -> None:
    first = np.random.default_rng(0).random((4, 3, 5, 6))
    grid = grids.img_grid(first)
    assert grid.shape == (11, 13, 3)
    assert (grid == grids.img_grid(np.moveaxis(first, 1, -1), channels_last=True)).all()
    with pytest.raises(ValueError, match="1, 3 or 4 channels, not 6: channels_last"):
        grids.img_grid(np.zeros((4, 6, 5, 5)))
    with pytest.raises(ValueError, match="5 images do not fit into 2 rows of 2"):
        grids.img_grid(np.zeros((5, 2, 2)), (2, 2))


def test_non_finite_values_do_not_affect_the_scale() -> None:
    images = np.array([[[0.0, 1.0], [np.nan, np.inf]], [[-np.inf, 0.5], [1e308, -1e308]]])
    grid = grids.img_grid(images, (1, 2))
    assert (
        grid[1, 0] == 0
        and grid[1, 1] == 255
        and grid[0, 3] == 0
        and grid[1, 3] == 255
        and grid[1, 4] == 0
    )
    assert (grids.img_grid(np.full((1, 2, 2), 7.0)) == 128).all()


def test_videos_keep_one_scale_over_time() -> None:
    videos = np.zeros((3, 2, 1, 4, 4))
    videos[1, 0], videos[2, 1] = 1, 2
    frames = grids.video_grid(videos)
    assert frames.shape == (3, 4, 9)
    assert frames[1, 0, 0] == 128 and frames[2, 0, 8] == 255 and frames[0, 0, 0] == 0
    own = grids.video_grid(videos, rescale=False)
    assert own[1, 0, 0] == 255 and own[0, 0, 0] == 0 and own[2, 0, 8] == 255


def test_rows_of_weights_become_pictures_with_one_grey_for_zero() -> None:
    weights = np.array([[1.0, 0, 0, -1], [10, 0, 0, 0], [0, 0, 0, 0.5], [np.nan, 2, 0, 0]])
    grid = grids.grid2d(weights)
    assert grid.shape == (7, 7) and (grid[0] == 0).all() and (grid[:, 3] == 0).all()
    assert grid[1, 1] == 255 and grid[1, 4] == 255 and grid[2, 2] == 0
    assert grid[1, 2] == grid[4, 1] == grid[4, 4] == 128
    assert grids.grid2d(weights, example_width=4, display_cols=1, pad_row=0, pad_col=0).shape == (
        4,
        4,
    )
    with pytest.raises(ValueError, match="rows of 5 pixels are no pictures of width 2"):
        grids.grid2d(np.zeros((2, 5)))


def test_preferred_units_come_first() -> None:
    below = np.eye(4)
    above = np.array([[0.1, -3, 2, 0], [0, 0, 0, 1]])
    grid = grids.pref_grid(above, below, num_preferred=2, pad_row=1)
    pictures = [
        grid[1 + 3 * row : 3 + 3 * row, 1 + 3 * col : 3 + 3 * col].ravel()
        for row in range(2)
        for col in range(2)
    ]
    assert [int(picture.argmax()) for picture in pictures] == [1, 2, 3, 0]
    positive = grids.pref_grid(above, below, num_preferred=2, abs_value=False, pad_row=1)
    assert positive[1:3, 1:3].ravel().argmax() == 2
