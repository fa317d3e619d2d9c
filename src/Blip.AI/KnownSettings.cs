using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Blip.AI;

/// <summary>A section of the configuration, and the options that are bound from it.</summary>
internal sealed class BoundSection(
    string section, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] Type options)
{
    public string Section { get; } = section;

    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)]
    public Type Options { get; } = options;
}

/// <summary>Finds names in the section <c>Blip</c> that are not settings: a misspelt name would have no effect, without an error.</summary>
internal sealed class KnownSettings(IServiceProvider provider) : IValidateOptions<BlipOptions>
{
    // What the command and the Functions app read themselves.
    private static readonly string[] ReadElsewhere = ["Decoder", "Docs", "Metrics"];

    public ValidateOptionsResult Validate(string? name, BlipOptions options)
    {
        // Once, for all models.
        if (!string.IsNullOrEmpty(name))
            return ValidateOptionsResult.Skip;
        if (provider.GetService<IConfiguration>()?.GetSection(BlipServiceCollectionExtensions.SectionName) is not { } section)
            return ValidateOptionsResult.Success;
        HashSet<string> values = new(StringComparer.OrdinalIgnoreCase), lists = new(StringComparer.OrdinalIgnoreCase);
        values.UnionWith(ReadElsewhere.Select(setting => ConfigurationPath.Combine(section.Path, setting)));
        foreach (BoundSection bound in provider.GetServices<BoundSection>())
            Add(bound.Section, bound.Options, values, lists);
        // A variable of the environment that is called BLIP is somebody else's.
        string[] unknown =
        [
            .. section.AsEnumerable().Where(s => s.Value is not null && s.Key != section.Path && !IsKnown(s.Key))
                .Select(s => s.Key).Order(),
        ];
        return unknown.Length == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(unknown.Select(key => $"{key} is not a setting of Blip. Check its spelling, or remove it."));

        bool IsKnown(string key) => values.Contains(key) || lists.Contains(key)
            || (lists.Contains(ConfigurationPath.GetParentPath(key) ?? "")
                && int.TryParse(ConfigurationPath.GetSectionKey(key), NumberStyles.None, CultureInfo.InvariantCulture, out _));
    }

    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "AddBound keeps the members of the options inside options.")]
    private static void Add(
        string section, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] Type options,
        HashSet<string> values, HashSet<string> lists)
    {
        foreach (PropertyInfo property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string setting = ConfigurationPath.Combine(section, property.Name);
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (type.IsGenericType)
                lists.Add(setting);
            else if (type.IsClass && type.Namespace!.StartsWith(nameof(Blip), StringComparison.Ordinal))
                Add(setting, type, values, lists);
            else
                values.Add(setting);
        }
    }
}
