import math

import agnez

board = agnez.Board("digits", run="first", config={"lr": 0.1, "optimizer": "sgd"})

for step in range(200):
    loss = math.exp(-step / 50)
    board.log(step=step, loss=loss, **{"acc/train": 1 - loss, "acc/val": 0.95 - loss})
    if step % 50 == 0:
        board.image("sample", [[(x * y + step) % 256 for x in range(64)] for y in range(64)])

cells = board.subplots(1, 2)
cells[0].plot([0.9, 0.5, 0.3], label="val").set_title("Loss by epoch")
cells[1].hist([0.1, 0.2, 0.2, 0.7]).set_title("Weights")
