module example.test/imports

go 1.26.0
