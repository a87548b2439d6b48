package attack

// survivors are the mutants that no test sees, and why none can, or need.
var survivors = map[string]string{}
