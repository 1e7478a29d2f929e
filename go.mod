module peil

go 1.26
