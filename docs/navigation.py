"""What stands at the side of the site, by language: a title for each group, and its pages with their Chinese titles."""

FRONT = {"en": "docs/index", "zh": "docs/index.zh"}

_TASKS = {
    "tasks/classification": "分类", "tasks/pairs": "文本对", "tasks/several-labels": "多标签", "tasks/numbers": "数值",
    "tasks/entities": "实体", "tasks/answers": "问答", "tasks/pretraining": "预训练", "tasks/vectors": "文本向量",
}  # fmt: skip
_TOPICS = {
    "data": "数据和编码器", "evaluation": "每个数字的含义", "comparing": "比较模型", "attention": "注意力",
    "explanations": "解释预测",
    "tuning": "调参", "how-it-works": "工作原理", "scikit_learn": "scikit-learn", "export": "导出",
    "loggers": "实验跟踪", "hub": "Hugging Face Hub", "spacy": "spaCy", "front-ends": "各种前端",
    "troubleshooting": "疑难解答",
}  # fmt: skip
_CHINESE = ("data", "evaluation", "attention", "tuning", "troubleshooting")
"""The topics that are written in Chinese, too."""
_NOTEBOOKS = {
    "../notebooks/quickstart": "快速开始", "../notebooks/your_data": "自己的文件", "../notebooks/evaluation": "评估",
    "../notebooks/attention": "注意力", "../notebooks/explain": "解释预测", "../notebooks/tuning": "调参",
    "../notebooks/labels_and_pairs": "文本对、多标签、数值",
    "../notebooks/entities": "实体", "../notebooks/answers": "问答", "../notebooks/pretraining": "预训练",
    "../notebooks/tensorflow": "TensorFlow",
}  # fmt: skip
_REFERENCE = {
    "options": "选项", "magics": "魔法命令", "results": "准确率", "performance": "速度和内存",
    "reliability": "可靠性",
    "../CHANGELOG": "更新记录",
}  # fmt: skip
_CONTRIBUTING = {"../CONTRIBUTING": "代码结构", "style": "用词"}
_ENGLISH = {"getting-started": "Getting started", "guide": "Guide"}

NAVIGATION = {
    "en": {
        "Start": _ENGLISH,
        "Tasks": _TASKS,
        "Topics": _TOPICS,
        "Notebooks": _NOTEBOOKS,
        "Reference": _REFERENCE,
        "Contributing": _CONTRIBUTING,
    },
    "zh": {
        "开始": {"getting-started.zh": "入门", "guide.zh": "使用指南"},
        "任务（英文）": _TASKS,
        "主题": {f"{page}.zh": _TOPICS[page] for page in _CHINESE},
        "主题（英文）": {page: title for page, title in _TOPICS.items() if page not in _CHINESE},
        "notebook（英文）": _NOTEBOOKS,
        "查阅（英文）": _REFERENCE,
        "参与开发（英文）": _CONTRIBUTING,
        "英文原文": _ENGLISH | {page: page for page in _CHINESE},
    },
}


def toctrees(language: str) -> str:
    """Return the navigation of a language as toctrees of Sphinx, for the end of its front page."""
    groups = []
    for caption, pages in NAVIGATION[language].items():
        lines = [page if language == "en" else f"{title} <{page}>" for page, title in pages.items()]
        groups.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *lines, "```"]))
    return "\n\n".join(groups)
