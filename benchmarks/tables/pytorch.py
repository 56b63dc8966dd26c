"""The network of MLPClassifier and MLPRegressor in PyTorch, as skorch's estimators."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.preprocessing import LabelEncoder
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import EarlyStopping

from benchmarks.tables.problems import EQUAL_BATCH, EQUAL_LAYERS, RATE


class Network(torch.nn.Module):
    """Dense layers with relu, then one of scores. features: of a row. outputs: classes, or 1."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        widths = (features, *EQUAL_LAYERS)
        layers: list[torch.nn.Module] = []
        for before, width in pairwise(widths):
            layers += [torch.nn.Linear(before, width), torch.nn.ReLU()]
        self.layers = torch.nn.Sequential(*layers, torch.nn.Linear(widths[-1], outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, features) -> (batch, outputs)."""
        return self.layers(x)


class Skorch(BaseEstimator):
    """Learns how many features and classes there are in `fit`, as scikit-learn's estimators do."""

    def __init__(self, task: str, seed: int, epochs: int, patience: int | None) -> None:
        self.task = task
        self.seed = seed
        self.epochs = epochs
        self.patience = patience

    def fit(self, X: Any, y: Any) -> "Skorch":
        """Train; X (rows, features), y (rows,) or (rows, 1)."""
        torch.manual_seed(self.seed)
        classes = self.task == "classification"
        self.labels_ = LabelEncoder().fit(y) if classes else None
        outputs = len(self.labels_.classes_) if self.labels_ else 1
        kind = NeuralNetClassifier if classes else NeuralNetRegressor
        loss = {"criterion": torch.nn.CrossEntropyLoss} if classes else {}
        stop = EarlyStopping("train_loss", self.patience, threshold=1e-4, threshold_mode="abs")
        self.net_ = kind(
            Network,
            module__features=X.shape[1],
            module__outputs=outputs,
            max_epochs=self.epochs,
            batch_size=EQUAL_BATCH,
            optimizer=torch.optim.Adam,
            lr=RATE,
            iterator_train__shuffle=True,
            train_split=None,
            callbacks=[stop] if self.patience else None,
            verbose=0,
            **loss,
        )
        target = self.labels_.transform(y).astype(np.int64) if self.labels_ else _column(y)
        self.net_.fit(np.asarray(X, np.float32), target)
        return self

    @property
    def classes_(self) -> np.ndarray:
        """(classes,) in ascending order."""
        assert self.labels_ is not None
        return self.labels_.classes_

    def predict(self, X: Any) -> np.ndarray:
        """(rows,) classes or values."""
        outputs = self.net_.predict(np.asarray(X, np.float32))
        return self.labels_.inverse_transform(outputs) if self.labels_ else outputs[:, 0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """(rows, classes)."""
        return self.net_.predict_proba(np.asarray(X, np.float32))


def estimator(task: str, seed: int, epochs: int, patience: int | None = None) -> Skorch:
    """An estimator; patience: ends after so many epochs whose loss fell by less than 1e-4, as mlp does."""
    return Skorch(task, seed, epochs, patience)


def _column(y: Any) -> np.ndarray:
    return np.asarray(y, np.float32).reshape(-1, 1)
