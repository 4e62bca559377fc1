"""One verb, one file, one public function of that name; no stage imports a stage."""
