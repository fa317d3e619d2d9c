using Blip.Images;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Blip.Magick;

/// <summary>Lets an application read more image formats.</summary>
public static class BlipMagickExtensions
{
    /// <summary>
    /// Reads HEIC, AVIF, TIFF and JPEG XL with ImageMagick: see <see cref="MagickImageDecoder"/>. The application's decoder reads all
    /// other formats as before. Call it after the decoder is chosen.
    /// </summary>
    /// <param name="services">The services. Their <see cref="IImageDecoder"/> is replaced.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddMagick(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        ServiceDescriptor? chosen = services.LastOrDefault(s => s.ServiceType == typeof(IImageDecoder) && !s.IsKeyedService);
        return services.Replace(
            ServiceDescriptor.Singleton<IImageDecoder>(provider => new MagickImageDecoder(Create(chosen, provider))));
    }

    private static IImageDecoder? Create(ServiceDescriptor? chosen, IServiceProvider provider)
        => (IImageDecoder?)(chosen?.ImplementationInstance
            ?? chosen?.ImplementationFactory?.Invoke(provider)
            ?? (chosen is null ? null : ActivatorUtilities.CreateInstance(provider, chosen.ImplementationType!)));
}
