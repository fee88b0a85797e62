import Testing

@testable import Recipes

@Suite struct ParsedScriptTests {
  /// A script as lines of "label: name word word &&".
  private func described(_ text: String) -> [String] {
    ParsedScript(Array(text.utf8)).lines.map { line in
      let commands = line.commands.map { command in
        let mark =
          switch command.separator {
          case .onSuccess: " &&"
          case .onFailure: " ||"
          case .always: " ;"
          case .end: ""
          }
        return "[" + command.words.map(\.text).joined(separator: ",") + "]" + mark
      }
      return (line.label.map { ":\($0.text) " } ?? "") + commands.joined(separator: " ")
        + (line.isReachable ? "" : " (never)")
    }
  }

  @Test("Lines become labels, words and commands as in iPXE's own parser")
  func lines() {
    #expect(
      described(
        """
        #!ipxe
        echo  one\ttwo # three
        :start echo a && b || c ; d ||
          :indented
        echo "a b" 'c
        set x ${a b}
        : nameless
        echo a&&b ||c #d
        """) == [
          "[echo,one,two]", ":start [echo,a] && [b] || [c] ; [d] ||", ":indented ",
          "[echo,\"a,b\",'c]", "[set,x,${a,b}]", ": [nameless]", "[echo,a&&b,||c]",
        ])
  }

  @Test("A backslash joins lines, carriage returns are no part of them")
  func continuation() {
    #expect(described("a \\\r\n  b\\\nc\r\n# d \\\ne\nf \\") == ["[a,bc]", "[f]"])
    #expect(described("") == [])
    #expect(described("\\") == [])
    #expect(described("\\\n\\\n\\\na") == ["[a]"])
  }

  @Test("What stands behind exit and goto is not reached before the next label")
  func reach() {
    #expect(
      described("a\ngoto b\nc\n:b\nd && exit\ne\nexit 1\nf\n  :g\nexit ||\nh") == [
        "[a]", "[goto,b]", "[c] (never)", ":b ", "[d] && [exit]", "[e]", "[exit,1]", "[f] (never)",
        ":g ", "[exit] ||", "[h] (never)",
      ])
  }

  @Test("A command may fail in front of || and ;, and is optional where nothing stands behind")
  func failures() {
    let script = ParsedScript(Array("a && b || c ; d\ne && f ||\ng || # remark\nh".utf8))
    let commands = Array(script.commands)
    let allowed = commands.filter { $0.mayFail }.map(\.name.text)
    #expect(allowed == ["a", "b", "c", "e", "f", "g"])
    #expect(commands.filter { $0.isOptional }.map(\.name.text) == ["f", "g"])
  }

  @Test("Every word knows its bytes, also in lines that go on")
  func ranges() {
    let text = "é one \\\n two\\\nthree four\n:five  six"
    let bytes = Array(text.utf8)
    let script = ParsedScript(bytes)
    let words = script.lines.flatMap { line in
      (line.label.map { [$0] } ?? []) + line.commands.flatMap(\.words)
    }
    let found = words.map { String(decoding: bytes[$0.range], as: UTF8.self) }
    #expect(found == ["é", "one", "two", "four", "five", "six"])
    #expect(words[2].text == "twothree")
  }

  @Test("Bytes of any kind make a script, never a crash", arguments: 0..<200)
  func anything(_ seed: Int) {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    let pieces: [[UInt8]] = [
      Array("\\\n".utf8), Array("\r\n".utf8), [0xff], Array(" ".utf8), Array("&&".utf8),
      Array("||".utf8), Array(":".utf8), Array("#".utf8), Array("goto".utf8), Array("${".utf8),
      Array("}".utf8), Array("--".utf8), Array("é".utf8), [0], Array("item".utf8),
    ]
    var bytes = Array("#!ipxe\n".utf8)
    for _ in 0..<60 {
      state = state &* 6_364_136_223_846_793_005 &+ 1
      bytes += pieces[Int(state >> 33) % pieces.count]
    }
    let text = ScriptText(bytes, file: "a", folder: "/")
    let script = CheckedScript(text, name: "a", target: nil, SiteAddress(Site()))
    for call in script.calls {
      for word in call.command.words {
        #expect(word.range.upperBound <= text.bytes.count)
        _ = text.location(word.range, Variables(settable: [])).description
        _ = script.settings.expand(word)
      }
    }
  }

  @Test("Settings that a script sets once are known, others are not")
  func settings() throws {
    let script = ParsedScript(
      Array(
        """
        set server 10.0.0.1
        set base http://${server}/${dir}
        set dir boot
        set late http://${server}/${dir}
        isset ${dir} || set maybe yes
        set twice 1
        set twice 2
        set same 1
        set same 1
        read asked
        set ip:ipv4 10.0.0.9
        """.utf8))
    let settings = ScriptSettings(script, server: "10.0.0.7")
    func value(_ text: String) -> ScriptSettings.Value {
      settings.expand(.init(text: text, range: 0..<1, hasSettings: text.contains("${")))
    }
    let known = { (text: String) in
      ScriptSettings.Value(text: text, isWhole: true, isGuess: false)
    }
    let unknown = { (text: String) in
      ScriptSettings.Value(text: text, isWhole: false, isGuess: false)
    }
    #expect(value("a") == known("a"))
    #expect(value("${late}/x") == known("http://10.0.0.1/boot/x"))
    #expect(value("${base}/x") == unknown(""))
    #expect(value("http://${server}/${mac}/x") == unknown("http://10.0.0.1/"))
    #expect(value("${maybe}${twice}") == unknown(""))
    #expect(value("${same}") == known("1"))
    #expect(value("${asked}") == unknown(""))
    #expect(value("${server:hexhyp}") == unknown(""))
    #expect(value("${server:string}") == known("10.0.0.1"))
    #expect(value("${ip}") == known("10.0.0.9"))
    #expect(value("${net${x}/mac}") == unknown(""))
    #expect(value("${") == unknown(""))
    #expect(value("tftp://${next-server}/a").isGuess)
    #expect(value("tftp://${proxydhcp/next-server}/a").text == "tftp://10.0.0.7/a")
  }

  @Test(
    "URLs of the site are told from others",
    arguments: [
      ("http://boot.example.org/pxe/a/b", "a/b"), ("HTTP://Boot.Example.org:80/pxe//a/./b", "a/b"),
      ("http://boot.example.org/pxe/a%20b", "a b"), ("http://boot.example.org/pxe/a#b", "a"),
      ("tftp://10.0.0.1/a", "a"), ("tftp://10.0.0.1:69/a", "a"),
      ("http://boot.example.org/pxe/", nil), ("http://boot.example.org/pxe", nil),
      ("http://boot.example.org/other/a", nil), ("https://boot.example.org/pxe/a", nil),
      ("http://boot.example.org:8080/pxe/a", nil), ("http://boot.example.org/pxe/a?b", nil),
      ("http://boot.example.org/pxe/../a", nil), ("tftp://10.0.0.2/a", nil), ("a/b", nil),
      ("http:boot.example.org/pxe/a", nil), ("iscsi:10.0.0.1::::x", nil), ("", nil), (":", nil),
      ("http://boot.example.org/pxe/%ff", nil), ("http://boot.example.org/pxe/%2", "%2"),
    ] as [(String, String?)])
  func addresses(_ url: String, _ path: String?) {
    var site = Site()
    site.http = "http://boot.example.org/pxe"
    site.server = IPv4Address("10.0.0.1")
    #expect(SiteAddress(site).path(url) == path)
  }

  @Test(
    "A slip of the pen is told from the name of something else",
    arguments: [
      ("instal.ipxe", "install.ipxe", true), ("Install.ipxe", "install.ipxe", true),
      ("memtset.iso", "memtest.iso", true), ("ubuntu/vmlinux", "ubuntu/vmlinuz", true),
      ("ubuntu-20.04/vmlinuz", "ubuntu-22.04/vmlinuz", false),
      ("amd64/linux", "arm64/linux", false),
      ("lubuntu/vmlinuz", "ubuntu/vmlinuz", false), ("kubuntu/a", "xubuntu/a", false),
      ("ubuntu/initrd", "ubuntu/initrd.gz", false), ("debian/vmlinuz", "ubuntu/vmlinuz", false),
      ("a/menu.ipxe", "menu.ipxe", false), ("menu2.ipxe", "menu.ipxe", false),
    ])
  func slips(_ written: String, _ meant: String, _ isSlip: Bool) {
    #expect((SlipOfThePen.target(for: written, among: ["other", meant]) == meant) == isSlip)
  }
}
