using Blip.Images;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Blip.ImageSharp;

/// <summary>Chooses the image decoder of an application.</summary>
public static class BlipImageSharpExtensions
{
    /// <summary>Decodes images with ImageSharp instead of SkiaSharp: see <see cref="ImageSharpDecoder"/>.</summary>
    /// <param name="services">The services. Their <see cref="IImageDecoder"/> is replaced.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection UseImageSharp(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.Replace(ServiceDescriptor.Singleton<IImageDecoder, ImageSharpDecoder>());
    }

    /// <summary>Uses the decoder that a setting names, as <c>blip serve</c> and the Functions app do with <c>Blip:Decoder</c>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name"><c>skia</c>, <c>imagesharp</c>, or null for the default, which is Skia. Upper and lower case are equal.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="BlipException">There is no such decoder.</exception>
    public static IServiceCollection UseDecoder(this IServiceCollection services, string? name) => name?.ToUpperInvariant() switch
    {
        null or "SKIA" => services,
        "IMAGESHARP" => services.UseImageSharp(),
        _ => throw new BlipException(BlipErrorCode.InvalidRequest, $"Blip:Decoder is '{name}'. Write skia or imagesharp."),
    };
}
