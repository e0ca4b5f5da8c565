# ruff: noqa: E501, ISC004 - lists of names, one pattern a line
"""What a person read in the libraries' sources, for `allowlist.py`: where to look, and what is no class."""

from __future__ import annotations

import re

# Library → the packages whose classes are looked at.
PACKAGES = {
    "accelerate": ("accelerate.state", "accelerate.utils.dataclasses"),
    "catboost": ("catboost",),
    "dateutil": ("dateutil.relativedelta", "dateutil.tz"),
    "hmmlearn": ("hmmlearn",),
    "imblearn": ("imblearn",),
    "lifelines": ("lifelines.fitters", "lifelines.statistics", "lifelines.utils"),
    "lightgbm": ("lightgbm",),
    "networkx": ("networkx.classes",),
    "nltk": (
        "nltk.classify.decisiontree", "nltk.classify.maxent", "nltk.classify.naivebayes", "nltk.collocations",
        "nltk.lm", "nltk.probability", "nltk.stem.lancaster", "nltk.stem.porter", "nltk.stem.snowball",
        "nltk.tag.brill", "nltk.tag.hmm", "nltk.tag.perceptron", "nltk.tag.sequential", "nltk.tag.tnt",
        "nltk.tokenize.punkt",
    ),
    "numpy": ("numpy.polynomial", "numpy.ma"),
    "optuna": (
        "optuna.distributions", "optuna.pruners", "optuna.samplers", "optuna.search_space",
        "optuna.storages._in_memory", "optuna.study", "optuna.trial",
    ),
    "pandas": ("pandas",),
    "peft": (
        "peft.config", "peft.utils.peft_types",
        *(
            f"peft.tuners.{kind}.config"
            for kind in (
                "adalora", "ia3", "loha", "lokr", "lora", "oft", "p_tuning", "prefix_tuning", "prompt_tuning", "vera",
            )
        ),
    ),
    "PIL": ("PIL.Image",),
    "pytz": ("pytz",),
    "scipy": (
        "scipy.interpolate", "scipy.optimize", "scipy.signal", "scipy.sparse", "scipy.spatial", "scipy.special",
        "scipy.stats",
    ),
    "sentence_transformers": ("sentence_transformers.models",),
    "sklearn": ("sklearn",),
    "statsmodels": ("statsmodels",),
    "tokenizers": ("tokenizers",),
    "torch": (
        "torch.nn", "torch.optim", "torch.ao.nn", "torch.ao.quantization", "torch.distributions", "torch.nested",
        "torch.utils.data.dataset",
    ),
    "transformers": (
        "transformers.training_args", "transformers.training_args_seq2seq", "transformers.trainer_utils",
        "transformers.trainer_pt_utils", "transformers.trainer_callback",
        "transformers.data.data_collator", "transformers.configuration_utils",
        "transformers.generation.configuration_utils", "transformers.tokenization_utils_base",
        "transformers.tokenization_utils_tokenizers", "transformers.modeling_outputs", "transformers.activations",
        "transformers.modeling_utils", "transformers.modeling_layers", "transformers.pytorch_utils",
        "transformers.modeling_rope_utils", "transformers.cache_utils", "transformers.utils.generic",
        *(
            f"transformers.models.{model}"
            for model in (
                "albert", "bart", "beit", "bert", "big_bird", "bloom", "clip", "codegen", "convbert",
                "convnext", "convnextv2", "data2vec", "deberta", "deberta_v2", "deit", "detr", "dinov2",
                "distilbert", "dpt", "electra", "ernie", "falcon", "fnet", "funnel", "gemma", "gemma2",
                "gemma3", "gpt2", "gpt_bigcode", "gpt_neo", "gpt_neox", "gptj", "granite", "hubert", "layoutlm",
                "layoutlmv3", "led", "llama", "longformer", "longt5", "m2m_100", "mamba", "marian", "mbart",
                "mistral", "mixtral", "mobilebert", "mobilenet_v2", "mobilevit", "modernbert", "mpnet", "mt5",
                "olmo", "olmo2", "opt", "patchtst", "pegasus", "persimmon", "phi", "phi3", "qwen2", "qwen2_moe",
                "qwen3", "regnet", "rembert", "resnet", "roberta", "roformer", "segformer", "siglip",
                "speech_to_text", "squeezebert", "stablelm", "starcoder2", "swin", "swinv2", "t5", "umt5",
                "videomae", "vit", "vit_mae", "wav2vec2", "wavlm", "whisper", "xglm", "xlm", "xlm_roberta",
                "xlm_roberta_xl", "xlnet", "yolos",
            )
        ),
    ),
    "xgboost": ("xgboost",),
}  # fmt: skip

# Compiled modules whose classes only hold values.
COMPILED = re.compile(
    r"^(sklearn\.|statsmodels\.(tsa|nonparametric|robust)\.|catboost\._catboost$|_catboost$"
    r"|scipy\.(spatial|interpolate|sparse|optimize)\."
    r"|pandas\._libs\.(internals|arrays|interval|missing|sparse|index|properties|lib|tslibs(\.\w+)?)$)"
)

# Modules that are kept for old pickles: what they take over from others is listed there too.
ALIASES = re.compile(
    r"^torch\.nn\.(quantized|intrinsic|qat|quantizable)(\.|$)|^pandas\.core\.internals\.managers$"
)

# Functions and compiled classes that put an object together of its parts, by the names they have everywhere.
RESTORES = re.compile(
    r"^(__pyx_unpickle_\w+|_new_\w*Index|_unpickle_block|_unpickle_timestamp|_timedelta_unpickle|_{1,2}nat_unpickle"
    r"|newObj|_rebuild_njt)$"
)

# What some versions' modules call themselves in pickles.
ALSO = {"sklearn._loss._loss": "_loss", "numpy.core.getlimits": "numpy._core.getlimits"}

# Functions that read as if they acted and do not.
HARMLESS = {
    "_cat_compare_op.<locals>.func",  # its name before pandas 1.1
    "_cat_compare_op.<locals>.f",  # pandas compares categories by an operator's name, which is its own
    "_is_package_available",  # transformers: whether packages are there that the library itself names
    "itervalues",  # scipy: the way over a dictionary that this Python has
}

# Functions that models keep for later: they compute with what they are given, and call nothing but its methods.
# `module:regex` stands for all names of the module that match.
FUNCTIONS = {
    "numpy": (
        *(
            f"{module}:(abs|absolute|add|subtract|multiply|divide|true_divide|floor_divide|power|float_power|square"
            "|sqrt|cbrt|exp|exp2|expm1|log|log2|log10|log1p|logaddexp|sin|cos|tan|arcsin|arccos|arctan|arctan2|sinh"
            "|cosh|tanh|arcsinh|arccosh|arctanh|degrees|radians|deg2rad|rad2deg|rint|floor|ceil|trunc|sign|negative"
            "|positive|reciprocal|fabs|maximum|minimum|fmax|fmin|mod|remainder|fmod|hypot|heaviside|isfinite|isinf"
            "|isnan|logical_(and|or|not|xor)|bitwise_(and|or|xor)|invert|equal|not_equal|less|less_equal|greater"
            "|greater_equal|conjugate|conj)"
            for module in (
                "numpy", "numpy.core.umath", "numpy.core._multiarray_umath", "numpy._core.umath",
                "numpy._core._multiarray_umath",
            )
        ),
        "numpy:(nan)?(mean|median|sum|std|var|min|max|amin|amax|prod|percentile|quantile|argmin|argmax|cumsum)",
        "numpy:(nan_to_num|clip|ravel|squeeze|reshape|transpose|concatenate|stack|hstack|vstack|where|round|around"
        "|diff|unique|zeros|ones|zeros_like|ones_like|full|arange|linspace|identity|eye|array|asarray"
        "|ascontiguousarray|atleast_1d|atleast_2d|atleast_3d|count_nonzero|all|any|sort|argsort|dot|linalg.norm)",
        "numpy:(poly1d|finfo|iinfo|vectorize|ndenumerate|errstate|busdaycalendar)",
        "numpy:(chararray)", "numpy.char:(chararray)", "numpy.core.defchararray:(chararray)",
        "numpy.core.getlimits:(finfo|iinfo|MachAr|MachArLike)", "numpy._core.getlimits:(finfo|iinfo|MachArLike)",
        "numpy.lib.polynomial.poly1d", "numpy.lib._polynomial_impl.poly1d",
        "numpy.lib.index_tricks:(nd_grid|IndexExpression)",
    ),
    "sklearn": (
        "sklearn.metrics:(?!.*(Display|plot)).*", "sklearn.metrics._scorer:_passthrough_scorer",
        "sklearn.metrics.scorer:_passthrough_scorer", "sklearn.metrics.pairwise:.*(distances|kernel|similarity)\\w*",
        "sklearn.feature_selection:(f_classif|f_regression|chi2|mutual_info_\\w+|r_regression|f_oneway)",
        "sklearn.model_selection._search_successive_halving:_refit_callable",
        "sklearn.cluster._kmeans:_kmeans_single_(lloyd|elkan)", "sklearn.preprocessing._function_transformer:_identity",
        "sklearn.preprocessing:(scale|robust_scale|minmax_scale|maxabs_scale|normalize|binarize)",
        "sklearn.feature_extraction.text:(strip_accents_\\w+|strip_tags|_preprocess|_analyze)",
        "sklearn.neighbors._dist_metrics:.*Distance\\w*", "sklearn.metrics._dist_metrics:.*Distance\\w*", "sklearn.neighbors.dist_metrics:.*Distance",
        "sklearn.neighbors.kd_tree:KDTree", "sklearn.neighbors.ball_tree:BallTree",
        "sklearn.utils.validation:check_array",
    ),
    "scipy": (
        "scipy.special:(expit|logit|boxcox|boxcox1p|inv_boxcox|inv_boxcox1p|erf|erfc|erfinv|gamma|gammaln|softmax"
        "|log_softmax|xlogy|digamma|ndtr|ndtri|betaln|comb|factorial)",
        "scipy.special._ufuncs:(expit|logit|boxcox|boxcox1p|inv_boxcox|inv_boxcox1p|erf|erfc|erfinv|gamma|gammaln"
        "|xlogy|digamma|ndtr|ndtri|betaln)",
        "scipy._lib.array_api_compat.numpy._aliases:asarray",
        "scipy.interpolate._interpolate:interp1d/_call_\\w+", "scipy.interpolate.interpolate:interp1d/_call_\\w+",
        "scipy.interpolate.interpnd:.*Interpolator\\w*", "scipy.spatial.qhull:(Delaunay|ConvexHull|Voronoi)",
        "scipy.stats:(pearsonr|spearmanr|kendalltau|zscore|gmean|hmean|iqr|skew|kurtosis)",
    ),
    "torch": (
        "torch.nn.functional:(relu6?|relu_|gelu|silu|mish|elu|selu|celu|leaky_relu|leaky_relu_|prelu|glu|hardtanh"
        "|hardswish|hardsigmoid|sigmoid|tanh|softmax|log_softmax|softplus|softsign|logsigmoid|softmin|dropout"
        "|cross_entropy|mse_loss|l1_loss|smooth_l1_loss|nll_loss|kl_div|binary_cross_entropy"
        "|binary_cross_entropy_with_logits|huber_loss|normalize|pairwise_distance|cosine_similarity|one_hot|pad"
        "|linear|interpolate)",
        "torch._C._nn:(gelu|silu|mish|hardswish|hardsigmoid|elu|leaky_relu|log_sigmoid|softplus|linear|hardtanh|relu6)",
        "torch:(relu|relu_|sigmoid|tanh|softmax|log_softmax|exp|log|abs|sqrt|square|sin|cos|clamp|sum|mean|max|min)",
        "torch.return_types:(?!_|pytree|inspect|all_return_types|torch)\\w+",
        "torch.amp.grad_scaler:(GradScaler|OptState)", "torch.cuda.amp.grad_scaler:(GradScaler|OptState)",
        "torch._C:Generator", "torch.utils.hooks:RemovableHandle", "torch._dynamo.decorators:_DimRange",
        "torch.utils.data.dataset:(TensorDataset|Subset|ConcatDataset)", "torch.nested._internal.nested_tensor:(NestedTensor)",
        # What says where a distributed checkpoint's tensors stand: dataclasses.
        "torch.distributed.checkpoint.metadata:(Metadata|(Tensor|Bytes|Chunk)StorageMetadata|TensorProperties|MetadataIndex"
        "|StorageMeta|_MEM_FORMAT_ENCODING)", "torch.distributed.checkpoint.filesystem:_StorageInfo",
        "torch.nested._internal.nested_int:NestedIntNode", "torch.utils._foreach_utils:_get_foreach_kernels_supported_devices",
    ),
    "hmmlearn": ("hmmlearn.base.ConvergenceMonitor",),
    "optuna": ("optuna.samplers._tpe.sampler:(hyperopt_)?default_(gamma|weights)",),
    "transformers": ("transformers.modeling_rope_utils:_compute_\\w+_parameters",),
    "pandas": ("pandas:(NA|NaT)", "pandas._libs.missing:(NA|NAType)"),
    "xgboost": ("xgboost.callback:(EarlyStopping|LearningRateScheduler|EvaluationMonitor|TrainingCallback)",),
    "tokenizers": ("tokenizers:(Tokenizer|AddedToken|Encoding)",),
    "pytz": ("pytz:(_p|_UTC)", "pytz.tzinfo:(DstTzInfo|StaticTzInfo|BaseTzInfo)"),
    "dateutil": (
        "dateutil.tz.tz:(tzutc|tzoffset|tzlocal)", "dateutil.relativedelta:(relativedelta|weekday)",
        "dateutil._common:weekday",
    ),
}  # fmt: skip

# Classes that read files or start something when they are called with arguments, and only put themselves together
# when a pickle restores them, which calls them with none.
RESTORED = {
    "accelerate": ("accelerate.state:(PartialState|AcceleratorState)",),
    "catboost": ("catboost.core:(CatBoost|CatBoostClassifier|CatBoostRegressor|CatBoostRanker)",),
    "lightgbm": ("lightgbm.basic.Booster",),
    "optuna": ("optuna.study.study:Study",),  # opens the storage that a text names
    "transformers": (
        "transformers.tokenization_utils_tokenizers:(TokenizersBackend|PreTrainedTokenizerFast)",
        "transformers.training_args:TrainingArguments", "transformers.training_args_seq2seq:Seq2SeqTrainingArguments",
    ),
    "xgboost": ("xgboost.core.Booster",),
}  # fmt: skip

# The same for all classes that derive from these: tokenizers read the file that they are given, and models fetch
# the code of attention that a text in their configuration names.
RESTORED_BASES = {
    "transformers": (
        "transformers.modeling_utils:PreTrainedModel", "transformers.tokenization_utils_base:PreTrainedTokenizerBase",
    ),
}  # fmt: skip
