"""Runs jupyter_kernel_test against a kernel and prints one JSON object a line for each test.

  {"test": "test_execute_stdout", "outcome": "ok" | "skipped" | "failed", "detail": "...", "seconds": 0.1}

The suite waits without a limit for some replies; here each wait ends.
"""

import json
import sys
import time
import unittest

import jupyter_kernel_test as jkt

KERNEL = sys.argv[1]
REPLY = 30  # longest wait for a reply, in seconds


class KernelTests(jkt.KernelTests):
    kernel_name = KERNEL
    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'fmt.Println("hello, world")'
    code_stderr = 'fmt.Fprintln(os.Stderr, "oops")'
    completion_samples = [
        {"text": '%%\nstrings.HasPre', "matches": {"HasPrefix"}},
        {"text": "strings.TrimSp", "matches": {"TrimSpace"}},
        {"text": "%%\nfmt.Prin"},
    ]
    complete_code_samples = [
        "fmt.Println(1)",
        "func f() int { return 1 }",
        'import "fmt"',
        "var x = 3",
        "x := 3\nx + 1",
        "1+1",
        "%%\nfor range 3 {\n}",
        "!ls",
        "%env",
        "// only a comment",
        "",
    ]
    incomplete_code_samples = [
        "for i := range 3 {",
        "%%\nfor i := range 3 {",
        "func f() {",
        "%%\nx := `abc",
        "fmt.Println(",
        "/* open",
        "x :=",
        "import (",
        "[]int{1,",
    ]
    invalid_code_samples = ["%%\nx := = 3", "func 3() {}", "%%\n)", "import fmt\nfunc (", "x := 08"]
    code_page_something = "%help"
    code_generate_error = 'panic("boom")'
    code_execute_result = [
        {"code": "6*7", "result": "42"},
        {"code": 'strings.Repeat("a", 3)', "result": "aaa"},
        {"code": "[]int{1, 2, 3}", "result": "[1 2 3]"},
    ]
    code_display_data = [
        {"code": f'import "urbangraph/kernel/show"\n%%\nshow.{code}', "mime": mime}
        for code, mime in [
            ('HTML("<b>x</b>")', "text/html"),
            ('Markdown("**x**")', "text/markdown"),
            ('LaTeX("$x^2$")', "text/latex"),
            ('SVG("<svg xmlns=\'http://www.w3.org/2000/svg\'></svg>")', "image/svg+xml"),
            ('PNG([]byte("\\x89PNG\\r\\n\\x1a\\n"))', "image/png"),
            ('JSON(map[string]any{"x": 1})', "application/json"),
            ('GeoJSON(map[string]any{"type": "FeatureCollection", "features": []any{}})', "application/geo+json"),
        ]
    ] + [
        {"code": f'import "github.com/janpfeifer/gonb/gonbui"\n%%\ngonbui.{code}', "mime": mime}
        for code, mime in [
            ('DisplayHtml("<b>x</b>")', "text/html"),
            ("DisplayPng([]byte{1, 2, 3})", "image/png"),
            ('DisplaySvg("<svg></svg>")', "image/svg+xml"),
            ('DisplayMarkdown("**x**")', "text/markdown"),
        ]
    ]
    code_history_pattern = "6?7*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "%%\nfmt.Println"
    code_clear_output = 'import "urbangraph/kernel/show"\n%%\nshow.Clear(false)'

    def get_non_kernel_info_reply(self, timeout=None):
        return super().get_non_kernel_info_reply(timeout=timeout or REPLY)

    def execute_helper(self, code, timeout=REPLY, **more):
        return super().execute_helper(code, timeout=timeout, **more)


class IopubWelcomeTests(jkt.IopubWelcomeTests):
    kernel_name = KERNEL
    support_iopub_welcome = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        wait = cls.kc.get_iopub_msg
        cls.kc.get_iopub_msg = lambda *a, **k: wait(*a, **{"timeout": REPLY, **k})


class Result(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.told = {"outcome": "ok", "detail": ""}

    def tell(self, outcome, detail):
        if self.told["outcome"] != "failed":
            self.told = {"outcome": outcome, "detail": detail}
        elif outcome == "failed":
            self.told["detail"] += "\n" + detail

    def addError(self, test, err):
        super().addError(test, err)
        if not hasattr(self, "told"):  # the kernel did not start
            print(json.dumps({"test": str(test), "outcome": "failed", "detail": self._exc_info_to_string(err, test)}), flush=True)
            return
        self.tell("failed", self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell("failed", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if hasattr(self, "told"):
            self.tell("skipped", reason)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.tell("failed", f"{subtest}: {self._exc_info_to_string(err, test)}")

    def stopTest(self, test):
        name = test.id().rpartition(".")[2]
        print(json.dumps({"test": name, **self.told, "seconds": time.monotonic() - self.began}), flush=True)
        super().stopTest(test)


suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(c) for c in (KernelTests, IopubWelcomeTests))
suite.run(Result())
