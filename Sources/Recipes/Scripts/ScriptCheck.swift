/// Looks at hand-written iPXE scripts for what would stop them, or is not what somebody meant.
///
/// An error is what is sure to fail whenever its line runs; what depends on something that the recipes do
/// not say is a warning. Of menus that pxebuild writes itself, only what a recipe chose for them is looked
/// at.
enum ScriptCheck {
  /// - Parameter isWhole: False when the recipes have errors already. Then what is missing from them would
  ///   make more, and only what a script says by itself is looked at.
  static func run(_ recipes: RecipeSet, isWhole: Bool, _ checker: inout Checker) {
    let site = ScriptSite(recipes)
    guard isWhole else {
      for script in site.scripts {
        LabelCheck.run(script, &checker)
        CommandCheck.run(script, isSure: false, &checker)
      }
      return
    }
    let compiled = CompiledCheck(site)
    let addresses = AddressCheck(site)
    let platforms = PlatformCheck(site)
    for (index, script) in site.scripts.enumerated() {
      LabelCheck.run(script, &checker)
      CommandCheck.run(script, isSure: site.isUpstream, &checker)
      compiled.run(index, &checker)
      addresses.run(script, &checker)
      platforms.run(script, &checker)
    }
    MenuProtocolCheck(site).run(&checker)
    for program in site.programs { EmbedSizeCheck.run(program, recipes, &checker) }
  }
}
