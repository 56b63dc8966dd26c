"""A table with NetClassifier, in a scikit-learn pipeline and a grid search.

NetClassifier is a scikit-learn estimator: it goes into pipelines, GridSearchCV and cross_val_score like any
other. This script searches its layers and its L2 penalty on the 569 tumours that scikit-learn ships, and
compares the winner with logistic regression on rows that neither has seen. The figure shows the mean score of
cross-validation for every combination of settings.

Run with: python examples/table_pipeline.py, or with the name of an HTML file for the figure.
"""

import sys

import plotly.graph_objects as go
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from chainrule.estimators import NetClassifier

columns, malignant = load_breast_cancer(return_X_y=True, as_frame=True)
malignant = 1 - malignant  # scikit-learn's 1 is benign
train_x, test_x, train_y, test_y = train_test_split(columns, malignant, stratify=malignant, random_state=0)

pipeline = make_pipeline(
    QuantileTransformer(n_quantiles=50, output_distribution="normal"),
    NetClassifier((32,), max_iter=30, learning_rate_init=0.003, random_state=0),
)
layers = [(8,), (32,), (32, 32)]
penalties = [1e-4, 1e-2, 1e-1]
grid = {"netclassifier__layers": layers, "netclassifier__alpha": penalties}
search = GridSearchCV(pipeline, grid, cv=3, scoring="roc_auc").fit(train_x, train_y)
print(f"best settings: {search.best_params_}")
print(f"cross-validated area under the ROC curve: {search.best_score_:.4f}")

logistic = make_pipeline(StandardScaler(), LogisticRegression()).fit(train_x, train_y)
for name, model in (("network", search), ("logistic regression", logistic)):
    area = roc_auc_score(test_y, model.predict_proba(test_x)[:, 1])
    print(f"{name}: area under the ROC curve on {len(test_x)} unseen rows: {area:.4f}")
    assert area > 0.97
print(classification_report(test_y, search.predict(test_x), target_names=["benign", "malignant"]))

# The figure: the cross-validated score of every point of the grid.
scores = search.cv_results_["mean_test_score"].reshape(len(penalties), len(layers))  # alpha varies slowest
figure = go.Figure(
    go.Heatmap(
        z=scores,
        x=[", ".join(map(str, widths)) for widths in layers],
        y=[str(penalty) for penalty in penalties],
        texttemplate="%{z:.4f}",
        colorscale=["#dfe7f1", "#2f6fb7"],
        showscale=False,
    )
)
figure.update_xaxes(title="units of the hidden layers", type="category")
figure.update_yaxes(title="alpha (L2 penalty)", type="category")
if len(sys.argv) > 1:
    figure.write_html(sys.argv[1])
