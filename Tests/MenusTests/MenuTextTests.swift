import Testing

@testable import Menus

@Suite("Text in an iPXE script")
struct MenuTextTests {
  @Test(
    "what iPXE takes for something else is made of expansions",
    arguments: [
      ("Install Ubuntu", "Install Ubuntu"),
      ("a || b && c ; d", "a ${menu-nothing}|| b ${menu-nothing}&& c ${menu-nothing}; d"),
      ("a||b && #1", "a||b ${menu-nothing}&& ${menu-nothing}#1"),
      ("#1 C#", "${menu-nothing}#1 C#"), ("a  b", "a ${menu-blank:string}b"),
      ("  a", "${menu-blank:string}${menu-blank:string}a"), ("a ", "a"),
      ("- --gap é", "- --gap é"), ("100% $HOME {x}", "100% $HOME {x}"),
    ])
  func texts(_ text: String, _ expected: String) { #expect(MenuText.text(text) == expected) }

  @Test(
    "an argument stays one word",
    arguments: [
      ("quiet", "quiet"), ("a b", "a${menu-blank:string}b"), ("", "${menu-nothing}"),
      ("||", "${menu-nothing}||"), ("#x", "${menu-nothing}#x"),
    ])
  func arguments(_ text: String, _ expected: String) {
    #expect(MenuText.argument(text) == expected)
  }

  @Test("what no escape can keep is refused")
  func refused() {
    for text in ["${ip}", "a${", "a\nb", "a\tb", "\u{7f}"] { #expect(MenuText.isRefused(text)) }
    for text in ["$ {ip}", "$", "é", "\\"] { #expect(!MenuText.isRefused(text)) }
  }

  @Test("a backslash does not join a line with the next one")
  func backslash() { #expect(MenuText.line("item a C:\\") == "item a C:\\ ") }
}
