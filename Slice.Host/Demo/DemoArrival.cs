using System.Diagnostics;

namespace Slice.Host.Demo;

/// <summary>When the first and the last byte of a body arrived, as timestamps of <see cref="Stopwatch"/>.</summary>
internal readonly record struct DemoArrival(long FirstByteAt, long LastByteAt);
