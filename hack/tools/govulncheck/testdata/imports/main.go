// Command imports calls another function of the same package.
package main

import "path"

func main() { _ = path.Base("") }
