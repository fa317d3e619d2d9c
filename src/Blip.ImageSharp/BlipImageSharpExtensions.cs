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
}
