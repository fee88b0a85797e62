import BuildEngine

/// The steps that bring things from outside and run inside this process.
public enum BuiltInActions {
  public static var all: [any BuiltIn] {
    [
      Fetch(), Extract(), GitTree(), GitCommitText(), DebResolve(), DebFetch(), DebFile(),
      PrebuiltUSB(), BootImage(), Assemble(), RenderMenu(), IsoContent(), IsoIdentity(), WinPE(),
    ]
  }
}
