"""The page, the plots and the model card; they read records and compute no figures."""
