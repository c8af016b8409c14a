using Microsoft.Extensions.Logging;
using Slice.Core.Options;

namespace Slice.Host.Service;

/// <summary>Builds the parts of an instance under a valid configuration; nothing listens yet.</summary>
/// <param name="options">The configuration.</param>
/// <param name="loggers">Makes their logs.</param>
/// <exception cref="IOException">The store cannot be created; the message says why.</exception>
/// <exception cref="InvalidDataException">A file that the configuration names cannot be used any more.</exception>
internal delegate InstanceParts InstanceComposer(SliceOptions options, ILoggerFactory loggers);
