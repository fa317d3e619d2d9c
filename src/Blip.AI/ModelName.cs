using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Blip.AI;

/// <summary>The name under which an application has registered a model beside the one without a name.</summary>
internal static partial class ModelName
{
    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Form.IsMatch(name))
            throw new ArgumentException("A model's name has 1 to 32 letters of English, digits, hyphens and underscores.", nameof(name));
    }

    /// <summary>Where its settings are.</summary>
    public static string Section(string? name) => string.IsNullOrEmpty(name)
        ? BlipServiceCollectionExtensions.SectionName
        : ConfigurationPath.Combine(BlipServiceCollectionExtensions.SectionName, "Models", name);

    /// <summary>The name in that of a tool or a plugin, which has no hyphens.</summary>
    public static string ForTools(string name) => name.Replace('-', '_');

    /// <summary>The model of a name; the one without a name for null.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message says how to register it.</exception>
    public static BlipService GetBlipService(this IServiceProvider services, string? model) => model is null
        ? services.GetRequiredService<BlipService>()
        : services.GetKeyedService<BlipService>(model)
            ?? throw new InvalidOperationException($"There is no model '{model}'. Register it: AddBlip(\"{model}\", options => ...).");

    [GeneratedRegex("^[A-Za-z0-9_-]{1,32}\\z")]
    private static partial Regex Form { get; }
}
