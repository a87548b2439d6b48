module example.test/calls

go 1.26.0
