print("pxebuild")
