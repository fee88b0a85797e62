/// What the step that writes a menu gets: the menu, and what its inputs are.
public struct MenuRequest: Sendable, Hashable, Codable {
  /// One input of the step.
  public struct Input: Sendable, Hashable, Codable {
    public enum Kind: Sendable, Hashable, Codable {
      /// It only has to be there: without it the target is missing.
      case presence
      /// A file with `ImageFacts`.
      case facts
      /// A folder of which the names are wanted.
      case folder
      /// A disk image: larger than so many bytes, it is worth a remark about the item of that title.
      case size(limit: Int64, item: String)
      /// A folder in which a file is wanted by its path there, whatever the case of its letters.
      case anyCase(String)
      /// The same, of the image that wimboot loads for the item of that title; the file itself when the path is empty.
      case windowsImage(String, item: String)
    }

    /// The input's name.
    public var name: String
    public var kind: Kind
    /// What the menu knows it by: the path in the tree.
    public var path: String
    /// The path of the target that it belongs to.
    public var target: String

    public init(name: String, kind: Kind, path: String, target: String) {
      self.name = name
      self.kind = kind
      self.path = path
      self.target = target
    }
  }

  public var menu: Menu
  public var inputs: [Input]

  public init(menu: Menu, inputs: [Input]) {
    self.menu = menu
    self.inputs = inputs
  }
}
