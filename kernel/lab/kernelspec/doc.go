// Package kernelspec writes, finds and removes the folders by which Jupyter's clients know a kernel: a
// kernel.json that says how to start it, and its logos.
//
// The folders go where Jupyter looks for them: the user's data folder ([UserDir]), the prefix of a Python
// ([SysPrefix]), or any other prefix. A folder that another kernel owns is never touched unless it is
// asked for by force, and only files that this package writes are removed.
package kernelspec
