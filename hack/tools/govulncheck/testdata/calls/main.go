// Command calls calls the function that the made-up vulnerability is in.
package main

import "path"

func main() { _, _ = path.Match("*", "") }
