"""Estimators for scikit-learn: ``from bertmagic.sklearn import BertClassifier, BertRegressor, BertVectorizer``."""

from bertmagic.sklearn.estimators import BertClassifier, BertRegressor
from bertmagic.sklearn.vectorizer import BertVectorizer

__all__ = ["BertClassifier", "BertRegressor", "BertVectorizer"]
