using Slice.Host.Control;

namespace Slice.Host.CommandLine;

/// <summary>Make a running instance forget objects.</summary>
/// <param name="Order">Which objects, and which instance.</param>
public sealed record PurgeCommand(PurgeOrder Order) : CommandLineResult;
