"""Where work runs. Every engine speaks `records.Engine`; `local.LocalEngine` is this process."""
