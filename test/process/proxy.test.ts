import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { proxyFor } from "../../src/process/proxy.ts";

const live = "https://www.consumerfinance.gov/data-research/";

describe("the proxy for an address", () => {
  it("is what the environment names, as people write it", () => {
    const cases: [string, string][] = [
      ["http://proxy:3128", "http://proxy:3128"],
      ["proxy:3128", "http://proxy:3128"],
      ["proxy.corp", "http://proxy.corp"],
      [" https://proxy:8443/ ", "https://proxy:8443"],
      ["127.0.0.1:9", "http://127.0.0.1:9"],
      ["socks5://proxy:1080", "socks5://proxy:1080"],
      ["socks5h://proxy:1080", "socks5://proxy:1080"],
      ["http://me:secret@proxy:3128", "http://proxy:3128"],
      ["http://proxy:3128/path?query", "http://proxy:3128"],
      ["http://us%zzer:pa%ss@proxy:3128", "http://proxy:3128"],
      ["me:secret@proxy:3128", "http://proxy:3128"],
    ];
    for (const [value, shown] of cases) assert.equal(proxyFor(live, { HTTPS_PROXY: value })?.shown, shown, value);
    assert.equal(proxyFor(live, { HTTPS_PROXY: "me:secret@proxy:3128" })?.uri, "http://me:secret@proxy:3128");
    assert.equal(proxyFor(live, { HTTPS_PROXY: "me:pa%ss@proxy:1/x" })?.uri, "http://me:pa%25ss@proxy:1");
  });

  it("is the lower-case variable's first, and of https the http one's where there is no other", () => {
    assert.equal(proxyFor(live, { https_proxy: "a:1", HTTPS_PROXY: "b:1" })?.shown, "http://a:1");
    assert.equal(proxyFor(live, { HTTP_PROXY: "c:1" })?.shown, "http://c:1");
    assert.equal(proxyFor("http://host/", { HTTPS_PROXY: "b:1" }), null);
    for (const blank of ["", " ", "\t"]) assert.equal(proxyFor(live, { HTTPS_PROXY: blank, HTTP_PROXY: blank }), null);
    assert.equal(
      proxyFor(live, { https_proxy: "", HTTPS_PROXY: "b:1", HTTP_PROXY: "c:1" }),
      null,
      "a blank one switches it off",
    );
  });

  it("is refused where it cannot be one, without its password", () => {
    for (const value of [
      "ftp://proxy:21",
      "socks4://proxy",
      "http://",
      "http://me:hunter2@pro xy",
      "me:hunter2@:99999",
      "http://us/er:hunter2@proxy:1",
      "http://me:hunter2%ff@proxy:1",
      "http://me:12#hunter2@proxy:1",
      "http://me:12?hunter2@proxy:1",
    ]) {
      assert.throws(
        () => proxyFor(live, { HTTPS_PROXY: value }),
        (error: { code: string; message: string }) => {
          assert.equal(error.code, "config_invalid");
          assert.match(error.message, /HTTPS_PROXY/);
          assert.doesNotMatch(error.message, /hunter2/);
          return true;
        },
        value,
      );
    }
  });

  it("is never there for this machine", () => {
    for (const host of [
      "127.0.0.1:80",
      "127.9.9.9",
      "localhost:3000",
      "a.localhost",
      "localhost.",
      "[::1]:3000",
      "0.0.0.0",
      "[::]",
      "[::ffff:127.0.0.1]",
    ]) {
      assert.equal(proxyFor(`http://${host}/`, { HTTP_PROXY: "no proxy at all" }), null, host);
    }
  });

  it("is left out for what NO_PROXY names", () => {
    const asked = (address: string, list: string) => proxyFor(address, { HTTP_PROXY: "p:1", NO_PROXY: list }) !== null;
    const direct: [string, string][] = [
      ["http://a.example.org/", "example.org"],
      ["http://a.example.org/", "x, .example.org"],
      ["http://a.example.org/", "x *.example.org"],
      ["http://EXAMPLE.org/", "Example.ORG"],
      ["http://example.org:8080/", "example.org:8080"],
      ["http://example.org/", "example.org:80"],
      ["http://10.1.2.3/", "10.0.0.0/8"],
      ["http://10.1.2.3/", "10.1.2.3"],
      ["http://[fd00::1]/", "fd00::/8"],
      ["http://[fd00::1]/", "fd00::1"],
      ["http://[fd00::1]/", "fd00:0:0::1"],
      ["http://[fd00::1]/", "[fd00::]/8"],
      ["http://example.org/", "example.org."],
      ["http://bücher.example/", "bücher.example"],
      ["http://any/", "*"],
    ];
    for (const [address, list] of direct) assert.ok(!asked(address, list), `${address} by ${list}`);
    const through: [string, string][] = [
      ["http://myexample.org/", "example.org"],
      ["http://example.org:8080/", "example.org:9090"],
      ["http://11.1.2.3/", "10.0.0.0/8"],
      ["http://10.1.2.3/", "10.0.0.0/99"],
      ["http://10.1.2.3/", "10.0.0.0/x"],
      ["http://10.1.2.3.example.org/", "10.0.0.0/8"],
      ["http://any/", ""],
    ];
    for (const [address, list] of through) assert.ok(asked(address, list), `${address} by ${list}`);
  });
});
