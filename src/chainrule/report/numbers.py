"""Numbers and names for readers: few digits, a real minus sign, plain words."""

import math

from chainrule.nn.metrics import metric_of

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 4) -> str:
    """`value` to `digits` significant digits: 0.9722, 1,250, 3.100 × 10⁻⁷."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
        text = f"{value:,.{decimals}f}"
    else:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        text = f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"
    return text.replace("-", "−")


def metric_value(name: str, value: float) -> str:
    """A metric's value: a percentage for a share, such as accuracy, otherwise a number of four digits."""
    if not math.isfinite(value):
        return number(float(value))
    if metric_of(name).share:
        return f"{100 * value:.2f} %"
    if name == "r2":
        return f"{value:.4f}".replace("-", "−")
    return number(float(value))


def metric_gain(name: str, value: float, baseline: float) -> float | None:
    """How much better `value` is than `baseline`, positive if better; None if neither direction is better."""
    if metric_of(name).lower_is_better is None:
        return None
    return baseline - value if metric_of(name).lower_is_better else value - baseline


def gain_text(name: str, gain: float | None) -> str:
    """A gain with its sign; shares in percentage points: "+87.13 points", "−0.04"; "" where there is none."""
    if gain is None:
        return ""
    share = metric_of(name).share
    text = f"{100 * gain:.2f} points".replace("-", "−") if share else metric_value(name, gain)
    return f"+{text}" if gain > 0 else text


def metric_name(name: str) -> str:
    """The name in words: "root_mean_squared_error" -> "root mean squared error", "r2" -> "R²"."""
    return metric_of(name).label


def duration(seconds: float) -> str:
    """Seconds in words: "0.8 s", "2 min 5 s", "1 h 12 min"."""
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
