import Testing

@testable import Recipes

@Suite struct HiddenSecretsTests {
  @Test(
    "A source line is shown without the password in it",
    arguments: [
      ("password: secret", "password: ******"),
      ("    password: a, b # c  ", "    password: ********  "),
      ("x: { user: a, password: p w, folder: f }", "x: { user: a, password: ***, folder: f }"),
      ("x: {password: \"a, }b\", folder: f}", "x: {password: *******, folder: f}"),
      ("x: {password: 'a'}", "x: {password: ***}"),
      ("password: 'never ends", "password: ***********"),
      ("password:", "password:"),
      ("password-file: secret.txt", "password-file: secret.txt"),
      ("my-password: shown", "my-password: shown"),
      ("passwords: shown", "passwords: shown"),
      ("a: {password: é}, b: {password: x}", "a: {password: *}, b: {password: *}"),
    ])
  func hidden(_ line: String, _ expected: String) {
    var found = String.UnicodeScalarView()
    found.append(contentsOf: HiddenSecrets.hidden(in: line.unicodeScalars))
    #expect(String(found) == expected)
  }
}
