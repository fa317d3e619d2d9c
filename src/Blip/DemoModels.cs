namespace Blip;

/// <summary>The small models for trying Blip without a download. Each is a package, and a folder of the application.</summary>
internal static class DemoModels
{
    private static readonly (string Name, string Package)[] All =
    [
        (BlipModel.DemoModel, "Blip.Models.Demo"), (BlipCaptioner.DemoModel, "Blip.Models.DemoCaption"),
        (BlipMatcher.DemoModel, "Blip.Models.DemoMatching"),
    ];

    /// <summary>Whether a name is that of a demo model.</summary>
    public static bool Has(string name) => Array.Exists(All, model => model.Name == name);

    /// <summary>Whether the application has a demo model.</summary>
    public static bool IsHere(string name) => Directory.Exists(Folder(name));

    /// <summary>Whether a folder is that of a demo model, so that its files came with the application.</summary>
    public static bool IsFolder(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Array.Exists(All, model => Folder(model.Name) == full);
    }

    /// <summary>The folder of a demo model.</summary>
    /// <exception cref="BlipException">The application does not have it.</exception>
    public static string FindFolder(string name)
    {
        string folder = Folder(name);
        string package = Array.Find(All, model => model.Name == name).Package;
        return Directory.Exists(folder) ? folder : throw new BlipException(BlipErrorCode.PackageMissing,
            $"The model {name} is not part of this application. Add the package {package} to it, or name another model.");
    }

    private static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "models", name);
}
