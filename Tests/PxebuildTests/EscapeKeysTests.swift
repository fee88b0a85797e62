import Testing

@testable import pxebuild

@Suite("Keys at a machine's console")
struct EscapeKeysTests {
  @Test("Ctrl-A x leaves, Ctrl-A twice is one for the machine, everything else goes through")
  func keys() {
    var keys = EscapeKeys()
    #expect(keys.take([3, 97, 27, 255]) == ([3, 97, 27, 255], false))
    #expect(keys.take([97, 1, 1, 98]) == ([97, 1, 98], false))
    #expect(keys.take([97, 1]) == ([97], false))
    #expect(keys.take([120, 98]) == ([], true), "in two pieces")
    #expect(keys.take([98, 1, 99, 100]) == ([98, 100], false))
  }
}
