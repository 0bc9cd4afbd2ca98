// Package browser tests the kernel in the client that most people use: JupyterLab in Chromium.
//
// The test starts JupyterLab on a free port of the loopback address with a token of its own, opens
// notebooks that it has made in headless Chromium, and drives them by keyboard and mouse through
// playwright-core (driver/driver.js; versions in driver/package-lock.json, installed into the user's cache
// folder, never into the clone): run all, move a map, interrupt, restart, complete, inspect, fail. It runs
// when the environment says UG_FULL=1:
//
//	UG_FULL=1 go test ./kernel/lab/browser -v
//
// It needs Node.js 18 or newer with npm, and Chromium or Chrome (UG_CHROMIUM names one that is not in
// PATH). Screenshots go to the folder that UG_SCREENSHOTS names, by default urbangraph-screenshots in the
// folder for temporary files.
package browser
